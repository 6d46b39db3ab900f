// The addon's exports for the page cache (see files/page_cache.h).
#include "files/page_cache.h"

#include <memory>

#include "addon/values.h"

namespace zc::js {
namespace {

// (file, start, end), counted in libuv's pool; then `fill`, where not all of it is there.
napi_value look_at(napi_env env, napi_callback_info info, const char* name, void (*fill)(const File&, ByteSpan)) {
  const Arguments args(env, info);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args[0]);
  const double start = to_number(env, args[1]), end = to_number(env, args[2]);
  if (!file || !(start >= 0 && start <= end && end <= static_cast<double>(file->stat().size))) {
    return throw_type(env, "expected an open file and a span within it");
  }
  const ByteSpan span{static_cast<uint64_t>(start), static_cast<uint64_t>(end)};
  auto found = std::make_shared<std::optional<uint64_t>>();
  return run_async(
      env, name,
      [file, span, fill, found] {
        *found = resident_bytes(*file, span);
        if (fill && *found != span.end - span.start) fill(*file, span);
      },
      [found](napi_env env) { return *found ? number(env, static_cast<double>(**found)) : undefined(env); });
}

// residentBytes(file, start, end)
napi_value resident(napi_env env, napi_callback_info info) { return look_at(env, info, "zcserve:residentBytes", nullptr); }

// warm(file, start, end)
napi_value warm(napi_env env, napi_callback_info info) { return look_at(env, info, "zcserve:warm", fill_page_cache_aside); }

}  // namespace

void define_page_cache(napi_env env, napi_value exports) {
  export_function(env, exports, "residentBytes", resident);
  export_function(env, exports, "warm", warm);
}

}  // namespace zc::js
