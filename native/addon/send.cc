// The addon's sendNow (see net/send_now.h).
#include "net/send_now.h"

#include "addon/values.h"
#include "base/clock.h"

namespace zc::js {
namespace {

constexpr double kChanged = -1;

// sendNow(socketFd, file, start, end)
napi_value send_now(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args[1]);
  const ByteSpan span{to_count(env, args[2]), to_count(env, args[3])};
  if (!file || !file->may_have(span)) {
    return throw_type(env, "sendNow(socketFd, file, start, end): not an open file or a span outside it");
  }
  const auto taken = zc::send_now(static_cast<int>(to_number(env, args[0])), *file, span.start, span.end, monotonic_ms());
  return number(env, taken ? static_cast<double>(*taken) : kChanged);
}

}  // namespace

void define_send(napi_env env, napi_value exports) {
  export_function(env, exports, "sendNow", send_now);
}

}  // namespace zc::js
