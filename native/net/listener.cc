#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace zc {
namespace {

// Capped by net.core.somaxconn.
constexpr int kBacklog = 4096;
constexpr int kStream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first) freeaddrinfo(first);
  }
};

void set(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

int option_of(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(fd, SOL_SOCKET, option, &value, &size);
  return value;
}

// Accepted sockets inherit it: an answer's last segment must not wait for the client's delayed ACK.
void send_at_once(int fd) { set(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

/** None, with errno. */
UniqueFd failed(UniqueFd fd) {
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

/** A listening socket, or none with errno. */
UniqueFd open_listener(const addrinfo& address, bool ipv6_only, bool share) {
  UniqueFd fd(socket(address.ai_family, kStream, 0));
  if (!fd) return fd;
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // Said in either case: the default is the system's (net.ipv6.bindv6only).
  if (address.ai_family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, ipv6_only ? 1 : 0);
  if (share) set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  send_at_once(fd.get());
  const bool listens = bind(fd.get(), address.ai_addr, address.ai_addrlen) == 0 && listen(fd.get(), kBacklog) == 0;
  return listens ? std::move(fd) : failed(std::move(fd));
}

// The port stands at the same place in sockaddr_in and sockaddr_in6.
in_port_t& port_in(sockaddr* address) { return reinterpret_cast<sockaddr_in*>(address)->sin_port; }

int port_of(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(port_in(reinterpret_cast<sockaddr*>(&name)));
}

Listening failed(int error, std::string reason = {}) { return {{}, error, std::move(reason)}; }

Listening listen_on_resolved(const TcpAddress& wanted, size_t count, bool shared) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  AddressList addresses;
  const int unresolved = getaddrinfo(wanted.host.c_str(), std::to_string(wanted.port).c_str(), &hints, &addresses.first);
  if (unresolved != 0) return failed(EADDRNOTAVAIL, gai_strerror(unresolved));
  const addrinfo& address = *addresses.first;
  // Sharing is for our own threads, unless asked for: a first bind without SO_REUSEPORT finds out whether the port is free.
  UniqueFd first = open_listener(address, wanted.ipv6_only, shared);
  if (!first) return failed(errno);
  port_in(address.ai_addr) = htons(static_cast<uint16_t>(port_of(first.get())));
  Listening listening;
  if (shared || count == 1) listening.sockets.push_back(std::move(first));
  first.reset();
  while (listening.sockets.size() < count) {
    UniqueFd fd = open_listener(address, wanted.ipv6_only, true);
    if (!fd) return failed(errno);
    listening.sockets.push_back(std::move(fd));
  }
  return listening;
}

}  // namespace

Listening listen_on(const TcpAddress& address, size_t count, bool shared) {
  if (!address.host.empty()) return listen_on_resolved(address, count, shared);
  Listening both = listen_on_resolved({"::", address.port, false}, count, shared);
  // The kernel has no IPv6, or net.ipv6.conf.all.disable_ipv6 is set.
  if (both.error != EAFNOSUPPORT && both.error != EADDRNOTAVAIL) return both;
  return listen_on_resolved({"0.0.0.0", address.port, false}, count, shared);
}

Listening listen_on(const std::string& path, int mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failed(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(socket(AF_UNIX, kStream, 0));
  if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return failed(errno);
  // Nobody can connect before it listens: there is no moment of other permissions.
  if ((mode >= 0 && chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) || listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    unlink(path.c_str());
    return failed(error);
  }
  Listening listening;
  listening.sockets.push_back(std::move(fd));
  return listening;
}

ListeningAddress adopt(int listener) {
  ListeningAddress found;
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    found.error = errno;
    return found;
  }
  char text[INET6_ADDRSTRLEN] = {};
  switch (name.ss_family) {
    case AF_INET:
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(name).sin_addr, text, sizeof text);
      break;
    case AF_INET6:
      inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(name).sin6_addr, text, sizeof text);
      break;
    case AF_UNIX: {
      const char* const path = reinterpret_cast<const sockaddr_un&>(name).sun_path;
      const size_t length = size - offsetof(sockaddr_un, sun_path);
      // An abstract one begins with NUL, which is shown as ss(8) does.
      if (length > 0 && path[0] == '\0') found.path = "@" + std::string(path + 1, length - 1);
      else found.path.assign(path, strnlen(path, length));
      break;
    }
    default:
      found.error = EINVAL;
  }
  if (option_of(listener, SO_TYPE) != SOCK_STREAM || option_of(listener, SO_ACCEPTCONN) != 1) found.error = EINVAL;
  // A thread that accepts must not wait for one client.
  const int flags = fcntl(listener, F_GETFL);
  if (found.error == 0 && (flags & O_NONBLOCK) == 0 && fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0) found.error = errno;
  // Nor is what we start to inherit it.
  if (found.error == 0) fcntl(listener, F_SETFD, FD_CLOEXEC);
  if (found.error != 0 || name.ss_family == AF_UNIX) return found;
  send_at_once(listener);
  found.host = text;
  found.port = port_of(listener);
  return found;
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
