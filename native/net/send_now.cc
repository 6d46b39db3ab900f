#include "net/send_now.h"

#include "base/sigpipe.h"
#include "files/read.h"

namespace zc {

std::optional<uint64_t> send_now(int socket, const File& file, uint64_t start, uint64_t end, int64_t now) {
  if (start < end && !file.resident(file.stretches({start, end}), now)) return 0;
  const PipeSignalBlock signal;
  uint64_t at = start;
  while (at < end) {
    const Io io = send_file(socket, file.fd(), at, end - at);
    if (io.error == EPIPE) signal.discard();
    if (io.result != Io::moved) return at - start;
    at += io.bytes;
  }
  if (!file.unchanged(end)) return std::nullopt;
  return at - start;
}

}  // namespace zc
