// The system calls of the data path, each one attempt with a closed result; the loops live in transmission.cc.
#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace zc {

struct Io {
  enum Result : uint8_t {
    moved,      // `bytes` > 0 were moved; fewer than asked is normal
    again,      // the socket is full (or empty)
    truncated,  // the file ended before the span did
    faulted,    // the bytes to send are not there: a mapped file was cut (EFAULT)
    closed,     // the peer is gone, or has ended its input (recv)
    cold,       // the bytes are not in the page cache
    refused,    // this file cannot be sent this way (EINVAL, ENOSYS, EOPNOTSUPP)
    failed,     // `error` is an errno of the file, such as EIO
  };
  Result result;
  int error = 0;
  size_t bytes = 0;
};

/** recv(2). */
Io receive(int socket, char* to, size_t size);
/** sendmsg(2) with MSG_NOSIGNAL; `more`: MSG_MORE, the rest of the answer follows at once. */
Io send_vector(int socket, iovec* parts, size_t count, bool more);
/** sendfile(2) of at most `size` bytes from `offset`. Queues page references, copies nothing. */
Io send_file(int socket, int file, uint64_t offset, size_t size);
/** pread(2), or preadv2(2) with RWF_NOWAIT: `cold` instead of waiting for the disk, `refused` where that is unknown. */
Io read_at(int file, char* to, size_t size, uint64_t offset, bool nowait);

/** Bytes that are asked about, paged in and remembered together: Linux's default readahead (read_ahead_kb). */
constexpr uint64_t kStretch = 128 << 10;

enum class Residency : uint8_t {
  resident,
  cold,
  unknown,  // the file system cannot be asked without waiting for it (overlayfs, tmpfs, network file systems)
};
/** Are the file's bytes [start, end) in the page cache, read to their end? Never waits for a disk. */
Residency probe_residency(int file, uint64_t start, uint64_t end);

}  // namespace zc
