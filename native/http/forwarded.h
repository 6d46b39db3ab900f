// Who a request comes from, by what trusted proxies say of it. RFC 7239 §4, §5.2; X-Forwarded-For.
#pragma once
#include <string_view>

#include "net/network.h"

namespace zc {

/**
 * The last address on the way that is not a trusted proxy's. What a proxy that is not trusted says, or nobody can read, is not
 * looked at; nor are both fields where one is there too, for then a client may have sent one of them (empty: absent).
 */
IpAddress client_of(const IpAddress& peer, std::string_view x_forwarded_for, std::string_view forwarded, const Networks& trusted);

}  // namespace zc
