// The addon's exports for the page cache (see files/page_cache.h).
#include "files/page_cache.h"

#include <memory>

#include "addon/values.h"

namespace zc::js {
namespace {

struct Part {
  Ref<File> file;
  ByteSpan span;
};

// (file, start, end). Without a file where they are no span of an open one: what throws has been thrown.
Part part_of(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  Part part{unwrap<File>(env, handles(env).file, args[0]), {}};
  const double start = to_number(env, args[1]), end = to_number(env, args[2]);
  if (!part.file || !(start >= 0 && start <= end && end <= static_cast<double>(part.file->stat().size))) {
    throw_type(env, "expected an open file and a span within it");
    return {};
  }
  part.span = {static_cast<uint64_t>(start), static_cast<uint64_t>(end)};
  return part;
}

// residentBytes(file, start, end)
napi_value resident(napi_env env, napi_callback_info info) {
  const Part part = part_of(env, info);
  if (!part.file) return nullptr;
  auto found = std::make_shared<std::optional<uint64_t>>();
  return run_async(
      env, "zcserve:residentBytes", [part, found] { *found = resident_bytes(*part.file, part.span); },
      [found](napi_env env) { return *found ? number(env, static_cast<double>(**found)) : undefined(env); });
}

// warm(file, start, end)
napi_value warm(napi_env env, napi_callback_info info) {
  const Part part = part_of(env, info);
  if (!part.file) return nullptr;
  return run_async(
      env, "zcserve:warm", [part] { fill_page_cache_aside(*part.file, part.span); },
      [](napi_env env) { return undefined(env); });
}

}  // namespace

void define_page_cache(napi_env env, napi_value exports) {
  export_function(env, exports, "residentBytes", resident);
  export_function(env, exports, "warm", warm);
}

}  // namespace zc::js
