// What one system call of the data path has done: one attempt, a closed result. The loops live where the data are.
#pragma once
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace zc {

struct Io {
  enum Result : uint8_t {
    moved,      // `bytes` > 0 were moved; fewer than asked is normal
    again,      // the other side is full (or empty)
    truncated,  // the file ended before the span did
    faulted,    // the bytes to send are not there: a mapped file was cut (EFAULT)
    closed,     // the peer is gone, or has ended its input (recv)
    cold,       // the bytes are not in the page cache
    refused,    // this file cannot be sent or read this way (EINVAL, ENOSYS, EOPNOTSUPP)
    failed,     // `error` is an errno of the file, such as EIO
  };
  Result result;
  int error = 0;
  size_t bytes = 0;
};

/** Once more whenever a signal came first. */
template <class Call>
ssize_t retry(Call call) {
  ssize_t n;
  do n = call();
  while (n < 0 && errno == EINTR);
  return n;
}

}  // namespace zc
