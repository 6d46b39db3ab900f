// Whom limits by address take for one client.
#pragma once
#include <sys/socket.h>

#include <cstdint>

namespace zc {

/**
 * An IPv4 address, or the first 64 bits of an IPv6 address: a client may have any of the others (RFC 4291 §2.5.4). 0 for
 * who has no address, such as a client on a Unix socket.
 */
uint64_t client_key(const sockaddr_storage& peer);

}  // namespace zc
