// The addon's exports for files: roots, opening beneath them, snapshots and mappings. Checks, converts, calls.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "files/arena.h"
#include "files/memory_file.h"
#include "addon/values.h"
#include "base/clock.h"
#include "base/landlock.h"
#include "files/open.h"
#include "http/content_hash.h"
#include "net/openssl.h"

namespace zc::js {
namespace {

// Flat, as `Opened` says (src/addon/files.ts): an object with names for each would cost more than the opening.
napi_value list_of(napi_env env, const std::vector<OpenedFile>& opened) {
  napi_value list;
  uint32_t at = 0;
  napi_create_array(env, &list);
  const auto add = [&](napi_value value) { napi_set_element(env, list, at++, value); };
  for (const OpenedFile& one : opened) {
    add(one.type == OpenedFile::none ? text(env, errno_name(one.error)) : number(env, one.type));
    if (!one.handle) continue;
    const FileStat& stat = one.handle->stat();
    add(wrap(env, handles(env).file, one.handle));
    add(number(env, static_cast<double>(stat.size)));
    add(number(env, static_cast<double>(stat.mtime) / 1e6));
    add(text(env, stat.version()));
    add(boolean(env, one.handle->volume() != Volume::remote));
  }
  return list;
}

napi_value open_root(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const std::string path = to_utf8(env, args[0]);
  Ref<Root> root = Root::open(path);
  if (!root) return throw_errno(env, errno, "open", path);
  return wrap(env, handles(env).root, std::move(root));
}

// What a path names now, or that of a root: undefined (the same), another root, or the name of an errno.
napi_value reopen_root(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  if (!root && !is_type(env, args[0], napi_string)) return throw_type(env, "reopenRoot(root or path)");
  struct Reopened {
    std::string path;
    Ref<Root> root;
    int error = 0;
  };
  auto now = std::make_shared<Reopened>();
  now->path = root ? root->path() : to_utf8(env, args[0]);
  return run_async(
      env, "zcserve:root",
      [now] {
        now->root = Root::open(now->path);
        now->error = now->root ? 0 : errno;
      },
      [root, now](napi_env env) {
        if (now->error != 0) return text(env, errno_name(now->error));
        if (root && now->root->same_directory(*root)) return undefined(env);
        return wrap(env, handles(env).root, std::move(now->root));
      });
}

napi_value open(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  Symlinks symlinks;
  if (!root || !to_symlinks(env, args[2], symlinks)) return throw_type(env, "open(root, paths, symlinks)");
  auto paths = std::make_shared<std::vector<std::string>>();
  for (uint32_t i = 0; i < length(env, args[1]); ++i) paths->push_back(to_utf8(env, element(env, args[1], i)));
  auto opened = std::make_shared<std::vector<OpenedFile>>();
  return run_async(
      env, "zcserve:open",
      [root, symlinks, paths, opened] {
        for (const std::string& path : *paths) opened->push_back(open_file(*root, path, symlinks));
      },
      [opened](napi_env env) { return list_of(env, *opened); });
}

napi_value open_now(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  Symlinks symlinks;
  if (!root || !to_symlinks(env, args[2], symlinks)) return throw_type(env, "openNow(root, paths, symlinks)");
  const uint32_t count = length(env, args[1]);
  std::vector<OpenedFile> opened;
  opened.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    std::optional<OpenedFile> one = open_file_now(*root, to_utf8(env, element(env, args[1], i)), symlinks);
    if (!one) return undefined(env);
    opened.push_back(std::move(*one));
  }
  return list_of(env, opened);
}

// growingFile(descriptor or file, path)
napi_value growing_file(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<File> known = unwrap<File>(env, handles(env).file, args[0]);
  if (!known && !is_type(env, args[0], napi_number)) return throw_type(env, "growingFile(descriptor or file, path)");
  const int fd = known ? fcntl(known->fd(), F_DUPFD_CLOEXEC, 0) : static_cast<int>(to_number(env, args[0]));
  if (fd < 0) return throw_errno(env, errno, "dup", known->path());
  struct Grown {
    UniqueFd fd;
    OpenedFile file;
  };
  auto grown = std::make_shared<Grown>();
  grown->fd = UniqueFd(fd);
  return run_async(
      env, "zcserve:growing",
      [grown, path = to_utf8(env, args[1])] { grown->file = opened_growing(std::move(grown->fd), path); },
      [grown](napi_env env) { return list_of(env, {grown->file}); });
}

napi_value create_arena(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Arena> arena = Arena::create(static_cast<size_t>(to_number(env, args[0])));
  if (!arena) return throw_errno(env, errno, "memfd_create", "cache");
  return wrap(env, handles(env).arena, arena);
}

napi_value snapshot(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Arena> arena = unwrap<Arena>(env, handles(env).arena, args.self);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args[0]);
  if (!arena || !file) return throw_type(env, "snapshot(file) on an open arena and file");
  struct Outcome {
    Ref<Memory> memory;
    SnapshotError error = SnapshotError::none;
  };
  auto outcome = std::make_shared<Outcome>();
  return run_async(
      env, "zcserve:snapshot", [arena, file, outcome] { outcome->memory = arena->snapshot(*file, outcome->error); },
      [outcome](napi_env env) {
        if (outcome->memory) return wrap(env, handles(env).memory, outcome->memory);
        return text(env, outcome->error == SnapshotError::full ? "full" : "changed");
      });
}

napi_value arena_lock(napi_env env, napi_callback_info info) {
  const Ref<Arena> arena = unwrap<Arena>(env, handles(env).arena, Arguments(env, info).self);
  const int error = arena ? arena->lock() : EBADF;
  return error == 0 ? undefined(env) : text(env, errno_name(error));
}

// memoryFile(bytes, mtimeMs, path)
napi_value memory_file(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  void* bytes = nullptr;
  size_t size = 0;
  if (napi_get_buffer_info(env, args[0], &bytes, &size) != napi_ok) return throw_type(env, "memoryFile(bytes): no Uint8Array");
  const auto mtime = static_cast<int64_t>(to_number(env, args[1]) * 1e6);
  OpenedFile made;
  made.handle = make_memory_file({static_cast<const char*>(bytes), size}, mtime, to_utf8(env, args[2]));
  if (!made.handle) return throw_errno(env, errno, "memfd_create", "encoded file");
  made.type = OpenedFile::file;
  return list_of(env, {made});
}

napi_value map_file(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args[0]);
  if (!file) return throw_type(env, "mapFile(file) of an open file");
  const Ref<Memory> mapping = FileMapping::map(file);
  return mapping ? wrap(env, handles(env).memory, mapping) : undefined(env);
}

napi_value memory_bytes(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Memory> memory = unwrap<Memory>(env, handles(env).memory, args.self);
  // JavaScript copies in user space, where a truncated mapping kills the process (SIGBUS).
  if (!memory || memory->mapped_file()) return undefined(env);
  napi_value buffer = nullptr;
  auto* held = new Ref<Memory>(memory);
  const auto finalize = [](napi_env, void*, void* data) { delete static_cast<Ref<Memory>*>(data); };
  if (napi_create_external_arraybuffer(env, const_cast<char*>(memory->data()), memory->size(), finalize, held,
                                       &buffer) != napi_ok) {
    delete held;
    return undefined(env);
  }
  return buffer;
}

constexpr const char* kView = "view";    // on the handle
constexpr const char* kOwner = "handle";  // on its view

// The view has no reference of its own: it keeps the handle, and is detached with its release.
napi_value memory_lend(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Memory> memory = unwrap<Memory>(env, handles(env).memory, args.self);
  napi_value view = get(env, args.self, kView);
  if (!memory || memory->mapped_file() || is_type(env, view, napi_object)) return view;
  if (napi_create_external_arraybuffer(env, const_cast<char*>(memory->data()), memory->size(), nullptr, nullptr,
                                       &view) != napi_ok) {
    return undefined(env);
  }
  set(env, view, kOwner, args.self);
  set(env, args.self, kView, view);
  return view;
}

napi_value memory_release(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const napi_value view = get(env, args.self, kView);
  // One that cannot be taken away stays what it is: then the collector takes the handle with it.
  if (is_type(env, view, napi_object) && napi_detach_arraybuffer(env, view) != napi_ok) return undefined(env);
  drop<Memory>(env, args.self);
  return undefined(env);
}

template <class T, napi_ref Handles::*Constructor>
napi_value fd_of(napi_env env, napi_callback_info info) {
  const Ref<T> object = unwrap<T>(env, handles(env).*Constructor, Arguments(env, info).self);
  return number(env, object ? object->fd() : -1);
}

template <class T>
napi_value release(napi_env env, napi_callback_info info) {
  drop<T>(env, Arguments(env, info).self);
  return undefined(env);
}

napi_value file_is_current(napi_env env, napi_callback_info info) {
  const Ref<File> file = unwrap<File>(env, handles(env).file, Arguments(env, info).self);
  return boolean(env, file && file->is_current());
}

// readNow(bytes, start)
napi_value file_read_now(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args.self);
  void* to = nullptr;
  size_t size = 0;
  const double start = to_number(env, args[1]);
  if (napi_get_buffer_info(env, args[0], &to, &size) != napi_ok || !(start >= 0)) {
    return throw_type(env, "readNow(bytes, start): not a Uint8Array or no offset");
  }
  const auto from = static_cast<uint64_t>(start);
  return boolean(env, file && file->read_now(static_cast<char*>(to), {from, from + size}, monotonic_ms()));
}

// More would keep JavaScript waiting.
constexpr uint64_t kHashedNow = 64 << 10;

napi_value file_content_hash(napi_env env, napi_callback_info info) {
  const Ref<File> file = unwrap<File>(env, handles(env).file, Arguments(env, info).self);
  if (!file || file->stat().size > kHashedNow) return undefined(env);
  const std::optional<std::string> bytes = file->content_now(monotonic_ms());
  const std::string hash = bytes ? content_hash(*bytes) : std::string();
  return hash.empty() ? undefined(env) : text(env, hash);
}

napi_value root_is_same(napi_env env, napi_callback_info info) {
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, Arguments(env, info).self);
  return boolean(env, root && root->look() == RootLook::same);
}

napi_value memory_size(napi_env env, napi_callback_info info) {
  const Ref<Memory> memory = unwrap<Memory>(env, handles(env).memory, Arguments(env, info).self);
  return number(env, memory ? static_cast<double>(memory->size()) : 0);
}

napi_value features(napi_env env, napi_callback_info) {
  napi_value object;
  napi_create_object(env, &object);
  set(env, object, "openat2", boolean(env, has_openat2()));
  set(env, object, "openssl", text(env, openssl_version()));
  set(env, object, "landlock", number(env, landlock_abi()));
  set(env, object, "memfdSeal", boolean(env, static_cast<bool>(Arena::create(4096))));
  return object;
}

}  // namespace

Handles& handles(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Handles*>(data);
}

}  // namespace zc::js

NAPI_MODULE_INIT() {
  using namespace zc;
  using namespace zc::js;
  auto* handles = new Handles();
  napi_set_instance_data(env, handles, [](napi_env, void* data, void*) { delete static_cast<Handles*>(data); }, nullptr);
  handles->root = define_handle(env, "Root", {getter("fd", fd_of<Root, &Handles::root>), method("isSame", root_is_same),
                                         method("close", release<Root>)});
  handles->file =
      define_handle(env, "File", {getter("fd", fd_of<File, &Handles::file>), method("isCurrent", file_is_current),
                                         method("readNow", file_read_now),
                                         method("contentHash", file_content_hash), method("release", release<File>)});
  handles->memory = define_handle(env, "Memory", {getter("size", memory_size), method("bytes", memory_bytes),
                                         method("lend", memory_lend), method("release", memory_release)});
  handles->arena = define_handle(env, "Arena",
                                 {method("snapshot", snapshot), method("lock", arena_lock), method("close", release<Arena>)});
  export_function(env, exports, "openRoot", open_root);
  export_function(env, exports, "reopenRoot", reopen_root);
  export_function(env, exports, "open", open);
  export_function(env, exports, "openNow", open_now);
  export_function(env, exports, "growingFile", growing_file);
  export_function(env, exports, "createArena", create_arena);
  export_function(env, exports, "memoryFile", memory_file);
  export_function(env, exports, "mapFile", map_file);
  export_function(env, exports, "features", features);
  define_layout(env, exports);
  define_directory(env, exports);
  define_names(env, exports);
  define_engine(env, exports);
  define_lines(env, exports);
  define_page_cache(env, exports);
  define_send(env, exports);
  define_listeners(env, exports);
  define_exit(env, exports);
  define_process(env, exports);
  return exports;
}
