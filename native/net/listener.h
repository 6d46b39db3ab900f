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
  int port = 0;
  int error = 0;       // errno; then there are no sockets. EADDRNOTAVAIL where the host has no address
  std::string reason;  // the resolver's
};

/** Binds and listens: `count` sockets that share one port, with those of others too where it is `shared`. Port 0: any free one. */
Listening listen_on(const std::string& host, uint16_t port, size_t count, bool shared);

struct Accepted {
  UniqueFd socket;  // or none, with the errno
  int error = 0;
  sockaddr_storage peer{};
};

/** accept4(2): one attempt. */
Accepted accept_from(int listener);

}  // namespace zc
