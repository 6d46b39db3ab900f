// Networks of IP addresses, as operators write them: "10.0.0.0/8", "2001:db8::/32", "127.0.0.1". RFC 4632 §3.1, RFC 4291 §2.3.
#pragma once
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

namespace zc {

/** Of either family: an IPv4 address is the IPv6 address that stands for it (::ffff:0:0/96, RFC 4291 §2.5.5.2). */
using IpAddress = std::array<uint8_t, 16>;

/** False: it is of neither family, such as a client on a Unix socket. */
bool to_ip(const sockaddr_storage& from, IpAddress& to);

/** Without a zone. False: it is none. */
bool to_ip(const std::string& text, IpAddress& to);

class Networks {
 public:
  /** False: it is none. Bits behind the prefix do not matter. */
  bool add(const std::string& text);
  bool contain(const IpAddress& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    IpAddress address;
    unsigned bits;  // of the prefix
  };

  std::vector<Network> networks_;
};

}  // namespace zc
