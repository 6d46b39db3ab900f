// What a proxy says of the client whose bytes it brings: the PROXY protocol, versions 1 and 2 (haproxy's proxy-protocol.txt).
#pragma once
#include <sys/socket.h>

#include <string_view>

namespace zc {

/** In bytes; of version 2, which could have 65,551. It carries nothing here that comes near: nginx takes no more either. */
constexpr size_t kMaxProxyHeader = 4096;

struct ProxyHeader {
  enum Result : uint8_t {
    more,   // it may still become one
    whole,
    bad,
  };
  Result result = more;
  size_t size = 0;        // of a whole one
  bool has_peer = false;  // otherwise the connection is what it seems: the proxy's own, or of a kind that it does not tell
  sockaddr_storage peer{};  // the client; of family AF_UNIX without a path, where it came by a Unix socket
};

/** `bytes`: all that has come. */
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace zc
