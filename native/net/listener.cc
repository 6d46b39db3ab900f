#include "net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

namespace zc {
namespace {

// Capped by net.core.somaxconn.
constexpr int kBacklog = 4096;

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first) freeaddrinfo(first);
  }
};

/** A listening socket, or none with errno. */
UniqueFd open_listener(const addrinfo& address, bool share) {
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd) return fd;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  // Accepted sockets inherit it: an answer's last segment must not wait for the client's delayed ACK.
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0 || listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    fd.reset();
    errno = error;
  }
  return fd;
}

int port_of(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  // The port stands at the same place in sockaddr_in and sockaddr_in6.
  return ntohs(reinterpret_cast<sockaddr_in*>(&name)->sin_port);
}

Listening failed(int error) { return {{}, 0, error, {}}; }

}  // namespace

Listening listen_on(const std::string& host, uint16_t port, size_t count, bool shared) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  AddressList addresses;
  const int unresolved = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &addresses.first);
  if (unresolved != 0) return {{}, 0, EADDRNOTAVAIL, gai_strerror(unresolved)};
  const addrinfo& address = *addresses.first;
  // Sharing is for our own threads, unless asked for: a first bind without SO_REUSEPORT finds out whether the port is free.
  UniqueFd first = open_listener(address, shared);
  if (!first) return failed(errno);
  Listening listening;
  listening.port = port_of(first.get());
  if (shared || count == 1) listening.sockets.push_back(std::move(first));
  first.reset();
  reinterpret_cast<sockaddr_in*>(address.ai_addr)->sin_port = htons(static_cast<uint16_t>(listening.port));
  while (listening.sockets.size() < count) {
    UniqueFd fd = open_listener(address, true);
    if (!fd) return failed(errno);
    listening.sockets.push_back(std::move(fd));
  }
  return listening;
}

Accepted accept_from(int listener) {
  Accepted accepted;
  socklen_t size = sizeof accepted.peer;
  accepted.socket = UniqueFd(accept4(listener, reinterpret_cast<sockaddr*>(&accepted.peer), &size,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted.socket) accepted.error = errno;
  return accepted;
}

}  // namespace zc
