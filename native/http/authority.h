// Authorities: the host and port of a Host field or a target. RFC 3986 §3.2.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "http/bytes.h"
#include "http/grammar.h"

namespace zc {

inline bool is_port(std::string_view digits) {
  uint32_t port = 0;
  for (const char digit : digits) {
    if (!is_digit(digit)) return false;
    port = port * 10 + static_cast<uint32_t>(digit - '0');
    if (port > 65535) return false;
  }
  return true;
}

inline bool is_ipv6(std::string_view address) {
  char text[INET6_ADDRSTRLEN];
  if (address.size() >= sizeof text) return false;
  *std::copy(address.begin(), address.end(), text) = '\0';
  in6_addr parsed;
  return inet_pton(AF_INET6, text, &parsed) == 1;
}

inline bool is_reg_name(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (is_in(name[i], kRegNameByte)) continue;
    if (name[i] != '%' || name.size() - i < 3 || hex_value(name[i + 1]) < 0 || hex_value(name[i + 2]) < 0) return false;
    i += 2;
  }
  return !name.empty();
}

// uri-host [ ":" port ] with a host that is not empty (RFC 9110 §4.2.1, §7.2): no user information, no IPvFuture.
inline bool is_authority(std::string_view text) {
  const size_t bracket = !text.empty() && text.front() == '[' ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const size_t colon = std::min(text.find(':', bracket), text.size());
  const std::string_view host = text.substr(0, colon);
  if (colon < text.size() && !is_port(text.substr(colon + 1))) return false;
  if (bracket == 0) return is_reg_name(host);
  return host.size() == bracket + 1 && is_ipv6(host.substr(1, bracket - 1));
}

}  // namespace zc
