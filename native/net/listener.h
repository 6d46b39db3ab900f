// Listening sockets, and the connections that wait in them.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace zc {

struct Listening {
  std::vector<UniqueFd> sockets;
  int error = 0;       // errno; then there are no sockets. EADDRNOTAVAIL where the host has no address
  std::string reason;  // the resolver's
};

struct TcpAddress {
  std::string host;  // a name or an address; empty: all addresses, of IPv6 and IPv4 by one socket
  uint16_t port = 0;  // 0: any free one
  bool ipv6_only = false;
};

/** Binds and listens: `count` sockets that share one port, with those of others too where it is `shared`. */
Listening listen_on(const TcpAddress& address, size_t count, bool shared);

/** unix(7). `mode`: who may connect; negative: as the umask leaves it. */
Listening listen_on(const std::string& path, int mode);

/** Where a socket listens. */
struct ListeningAddress {
  std::string host;  // an address
  int port = 0;
  std::string path;  // of a Unix socket; then there is no host
  int error = 0;     // errno; ENOTSOCK, EINVAL: nothing listens there, or no stream
};

/** Also of one that somebody else has made: it is fit for accept_from() then. */
ListeningAddress adopt(int listener);

struct Accepted {
  UniqueFd socket;  // or none, with the errno
  int error = 0;
  sockaddr_storage peer{};
};

/** accept4(2): one attempt. */
Accepted accept_from(int listener);

}  // namespace zc
