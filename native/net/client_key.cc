#include "net/client_key.h"

#include "net/network.h"

namespace zc {

uint64_t client_key(const sockaddr_storage& peer) {
  IpAddress address;
  if (!to_ip(peer, address)) return 0;
  const auto read = [&address](size_t from, size_t to) {
    uint64_t bytes = 0;
    for (size_t at = from; at < to; ++at) bytes = bytes << 8 | address[at];
    return bytes;
  };
  const uint64_t network = read(0, 8);
  if (network != 0) return network;
  // ::/64, where no client is but ::1, and in ::ffff:0:0/96 all of IPv4: numbers that no /64 in use has.
  return uint64_t{1} << 48 | read(10, 16);
}

}  // namespace zc
