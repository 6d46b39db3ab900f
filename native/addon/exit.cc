// The addon's exitWithin: the end of the process, for certain.
#include <time.h>
#include <unistd.h>

#include "addon/values.h"
#include "base/thread.h"

namespace zc::js {
namespace {

// exitWithin(status, ms)
napi_value exit_within(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const int status = static_cast<int>(to_number(env, args[0]));
  const auto ms = static_cast<long>(to_number(env, args[1]));
  Thread thread;
  const int error = thread.start("zcserve-exit", [status, ms] {
    const timespec patience{ms / 1000, ms % 1000 * 1'000'000};
    nanosleep(&patience, nullptr);
    _exit(status);
  });
  if (error != 0) _exit(status);
  thread.detach();
  return undefined(env);
}

}  // namespace

void define_exit(napi_env env, napi_value exports) {
  export_function(env, exports, "exitWithin", exit_within);
}

}  // namespace zc::js
