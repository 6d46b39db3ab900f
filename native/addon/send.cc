// The addon's sendNow: what a socket takes of a file at once, on the calling thread.
#include <cerrno>

#include "base/clock.h"
#include "files/file.h"
#include "net/io.h"
#include "addon/values.h"
#include "base/sigpipe.h"

namespace zc::js {
namespace {

constexpr double kChanged = -1;

/** Bytes taken; stops at whatever an engine thread handles better: a full socket, cold data, an error. */
double send_now(int socket, const File& file, uint64_t start, uint64_t end) {
  if (start < end && !file.resident(file.stretches({start, end}), monotonic_ms())) return 0;
  const PipeSignalBlock signal;
  uint64_t at = start;
  while (at < end) {
    const Io io = send_file(socket, file.fd(), at, end - at);
    if (io.error == EPIPE) signal.discard();
    if (io.result != Io::moved) return static_cast<double>(at - start);
    at += io.bytes;
  }
  return file.unchanged() ? static_cast<double>(at - start) : kChanged;
}

// sendNow(socketFd, file, start, end)
napi_value send_now(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args[1]);
  const double start = to_number(env, args[2]);
  const double end = to_number(env, args[3]);
  if (!file || !(start >= 0 && start <= end && end <= static_cast<double>(file->stat().size))) {
    return throw_type(env, "sendNow(socketFd, file, start, end): not an open file or a span outside it");
  }
  const int socket = static_cast<int>(to_number(env, args[0]));
  return number(env, send_now(socket, *file, static_cast<uint64_t>(start), static_cast<uint64_t>(end)));
}

}  // namespace

void define_send(napi_env env, napi_value exports) {
  export_function(env, exports, "sendNow", send_now);
}

}  // namespace zc::js
