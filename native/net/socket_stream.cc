#include "net/socket_stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "files/read.h"

namespace zc {
namespace {

Io socket_error(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {Io::again, 0, 0};
  if (error == EFAULT) return {Io::faulted, error, 0};
  return {Io::closed, error, 0};
}

bool add_to(int epoll, int fd, uint32_t events, uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Io SocketStream::receive(char* to, size_t size) { return receive(to, size, 0); }

Io SocketStream::peek(char* to, size_t size) { return receive(to, size, MSG_PEEK); }

Io SocketStream::receive(char* to, size_t size, int flags) {
  const ssize_t n = retry([&] { return recv(fd(), to, size, flags); });
  if (n > 0) return {Io::moved, 0, static_cast<size_t>(n)};
  return n == 0 ? Io{Io::closed, 0, 0} : socket_error(errno);
}

Io SocketStream::send_vector(const iovec* parts, size_t count, bool more) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  const ssize_t n = retry([&] { return sendmsg(fd(), &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0)); });
  return n >= 0 ? Io{Io::moved, 0, static_cast<size_t>(n)} : socket_error(errno);
}

Io SocketStream::send_file(const File& file, uint64_t offset, size_t size) {
  return zc::send_file(fd(), file.fd(), offset, size);
}

// tcp(7): setting TCP_NODELAY flushes what MSG_MORE has kept back.
Io SocketStream::flush() {
  const int on = 1;
  setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {Io::moved, 0, 0};
}

std::optional<size_t> SocketStream::unacknowledged() const {
  int bytes = 0;
  if (ioctl(fd(), SIOCOUTQ, &bytes) != 0) return std::nullopt;
  return static_cast<size_t>(bytes);
}

// socket(7): closed with nothing to wait for, TCP resets the connection.
void SocketStream::cut() {
  const linger at_once{1, 0};
  setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void SocketStream::end_output() { shutdown(fd(), SHUT_WR); }

bool SocketStream::watch(int epoll, uint64_t tag) {
  return add_to(epoll, fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag);
}

BorrowedSocket::~BorrowedSocket() {
  if (epoll_ >= 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, fd(), nullptr);
}

bool BorrowedSocket::watch(int epoll, uint64_t tag) {
  if (!add_to(epoll, fd(), EPOLLOUT | EPOLLRDHUP | EPOLLET, tag)) return false;
  epoll_ = epoll;
  return true;
}

}  // namespace zc
