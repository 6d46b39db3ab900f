#include "io.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "preadv2.h"

namespace zc {
namespace {

template <class Call>
ssize_t retry(Call call) {
  ssize_t n;
  do n = call();
  while (n < 0 && errno == EINTR);
  return n;
}

Io socket_error(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {Io::again, 0, 0};
  if (error == EFAULT) return {Io::faulted, error, 0};
  return {Io::closed, error, 0};
}

bool is_peer_gone(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN || error == ETIMEDOUT; }

}  // namespace

Io receive(int socket, char* to, size_t size) {
  const ssize_t n = retry([&] { return recv(socket, to, size, 0); });
  if (n > 0) return {Io::moved, 0, static_cast<size_t>(n)};
  return n == 0 ? Io{Io::closed, 0, 0} : socket_error(errno);
}

Io send_vector(int socket, iovec* parts, size_t count, bool more) {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  const ssize_t n = retry([&] { return sendmsg(socket, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0)); });
  return n >= 0 ? Io{Io::moved, 0, static_cast<size_t>(n)} : socket_error(errno);
}

Io send_file(int socket, int file, uint64_t offset, size_t size) {
  off_t position = static_cast<off_t>(offset);
  const ssize_t n = retry([&] { return sendfile(socket, file, &position, size); });
  if (n > 0) return {Io::moved, 0, static_cast<size_t>(n)};
  if (n == 0) return {Io::truncated, 0, 0};
  if (errno == EAGAIN) return {Io::again, 0, 0};
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return {Io::refused, errno, 0};
  return {is_peer_gone(errno) ? Io::closed : Io::failed, errno, 0};
}

Io read_at(int file, char* to, size_t size, uint64_t offset, bool nowait) {
  iovec part{to, size};
  ssize_t n = retry([&] { return preadv2(file, &part, 1, static_cast<off_t>(offset), nowait ? RWF_NOWAIT : 0); });
  if (n < 0 && nowait && errno == EAGAIN) return {Io::cold, 0, 0};
  if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
    n = retry([&] { return pread(file, to, size, static_cast<off_t>(offset)); });
  }
  if (n > 0) return {Io::moved, 0, static_cast<size_t>(n)};
  return n == 0 ? Io{Io::truncated, 0, 0} : Io{Io::failed, errno, 0};
}

Io probe_residency(int file, uint64_t offset, size_t size) {
  char byte;
  iovec part{&byte, 1};
  const ssize_t n = preadv2(file, &part, 1, static_cast<off_t>(offset + size - 1), RWF_NOWAIT);
  return {n < 0 && errno == EAGAIN ? Io::cold : Io::moved, 0, 0};
}

}  // namespace zc
