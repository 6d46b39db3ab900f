// The addon's exports for listings: reading a directory, and bytes that many replies share.
#include <cerrno>
#include <cstring>
#include <memory>

#include "addon_directory.h"
#include "directory.h"
#include "napi_values.h"

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

napi_value describe(napi_env env, const DirectoryBatch& batch) {
  napi_value object, names, numbers;
  napi_create_object(env, &object);
  if (batch.error != 0) {
    set(env, object, "errno", text(env, errno_name(batch.error)));
    return object;
  }
  napi_create_typedarray(env, napi_uint8_array, batch.names.size(),
                         array_buffer(env, batch.names.data(), batch.names.size()), 0, &names);
  napi_create_typedarray(env, napi_float64_array, batch.numbers.size(),
                         array_buffer(env, batch.numbers.data(), batch.numbers.size() * sizeof(double)), 0, &numbers);
  set(env, object, "names", names);
  set(env, object, "numbers", numbers);
  set(env, object, "last", boolean(env, batch.last));
  return object;
}

// readDirectory(root, directory, path, symlinks, dotfiles)
napi_value read_directory(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  const Ref<File> directory = unwrap<File>(env, handles(env).file, args[1]);
  const std::string path = to_utf8(env, args[2]);
  const bool dotfiles = to_boolean(env, args[4]);
  Symlinks symlinks;
  if (!root || !directory || !to_symlinks(env, args[3], symlinks)) {
    return throw_type(env, "readDirectory(root, directory, path, symlinks, dotfiles)");
  }
  auto batch = std::make_shared<DirectoryBatch>();
  return run_async(
      env, "zcserve:readDirectory",
      [root, directory, path, symlinks, dotfiles, batch] {
        *batch = zc::read_directory(*root, *directory, path, symlinks, dotfiles);
      },
      [batch](napi_env env) { return describe(env, *batch); });
}

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
  napi_wrap(env, buffer, wrapped, drop_memory, nullptr, nullptr);
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
  const auto define = [&](const char* name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    set(env, exports, name, function);
  };
  define("readDirectory", read_directory);
  define("createBytes", create_bytes);
}

}  // namespace zc::js
