// The addon's exports for listings: reading a directory, and bytes that many replies share.
#include "addon/directory.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include "addon/values.h"
#include "files/directory.h"

namespace zc::js {
namespace {

// Marks the ArrayBuffers of createBytes: nobody else's wrapped pointer is taken for ours (node-api, napi_type_tag).
constexpr napi_type_tag kSharedBytes = {0x7a63736572766501, 0x7368617265644279};

napi_value array_buffer(napi_env env, const void* bytes, size_t size) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env, size, &data, &buffer) == napi_ok && size > 0) memcpy(data, bytes, size);
  return buffer;
}

napi_value describe(napi_env env, const DirectoryReader& reader) {
  napi_value object, names, numbers;
  napi_create_object(env, &object);
  if (reader.error() != 0) {
    set(env, object, "errno", text(env, errno_name(reader.error())));
    return object;
  }
  const DirectoryEntries& entries = reader.entries();
  napi_create_typedarray(env, napi_uint8_array, entries.names.size(),
                         array_buffer(env, entries.names.data(), entries.names.size()), 0, &names);
  napi_create_typedarray(env, napi_float64_array, entries.numbers.size(),
                         array_buffer(env, entries.numbers.data(), entries.numbers.size() * sizeof(double)), 0, &numbers);
  set(env, object, "names", names);
  set(env, object, "numbers", numbers);
  set(env, object, "unnameable", number(env, static_cast<double>(entries.unnameable)));
  set(env, object, "refused", number(env, static_cast<double>(entries.refused)));
  return object;
}

// readDirectory(root, directory, path, symlinks, dotfiles, maxEntries)
napi_value read_directory(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  const Ref<File> directory = unwrap<File>(env, handles(env).file, args[1]);
  const double max = to_number(env, args[5]);
  Symlinks symlinks;
  if (!root || !directory || !to_symlinks(env, args[3], symlinks) || !(max >= 0)) {
    return throw_type(env, "readDirectory(root, directory, path, symlinks, dotfiles, maxEntries)");
  }
  auto reader = std::make_shared<DirectoryReader>(root, directory, to_utf8(env, args[2]), symlinks,
                                                  to_boolean(env, args[4]), static_cast<size_t>(max));
  return run_async_steps(
      env, "zcserve:readDirectory", [reader] { return reader->step(); },
      [reader](napi_env env) { return describe(env, *reader); });
}

// The hint is what is dropped: the data is the bytes for one of both finalizers.
void drop_memory(napi_env, void*, void* held) { delete static_cast<Ref<Memory>*>(held); }

// createBytes(size)
napi_value create_bytes(napi_env env, napi_callback_info info) {
  const double size = to_number(env, Arguments(env, info)[0]);
  const Ref<Memory> memory = size >= 1 ? AnonymousMapping::map(static_cast<size_t>(size)) : Ref<Memory>();
  if (!memory) return undefined(env);
  napi_value buffer = nullptr;
  auto* held = new Ref<Memory>(memory);
  // Read-only for everybody else: JavaScript fills it before the first reply.
  if (napi_create_external_arraybuffer(env, const_cast<char*>(memory->data()), memory->size(), drop_memory, held,
                                       &buffer) != napi_ok) {
    delete held;
    return undefined(env);
  }
  auto* wrapped = new Ref<Memory>(memory);
  napi_wrap(env, buffer, wrapped, drop_memory, wrapped, nullptr);
  napi_type_tag_object(env, buffer, &kSharedBytes);
  return buffer;
}

}  // namespace

Ref<Memory> shared_bytes(napi_env env, napi_value array_buffer) {
  bool tagged = false;
  void* held = nullptr;
  if (napi_check_object_type_tag(env, array_buffer, &kSharedBytes, &tagged) != napi_ok || !tagged) return {};
  if (napi_unwrap(env, array_buffer, &held) != napi_ok || !held) return {};
  return *static_cast<Ref<Memory>*>(held);
}

void define_directory(napi_env env, napi_value exports) {
  export_function(env, exports, "readDirectory", read_directory);
  export_function(env, exports, "createBytes", create_bytes);
}

}  // namespace zc::js
