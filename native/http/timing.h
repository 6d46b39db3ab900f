// What a prepared answer cannot say of itself, as it goes to many: what its connection speaks. Server-Timing (W3C).
#pragma once
#include <string>
#include <string_view>

namespace zc {

/** `protocol`: its name in ALPN (RFC 7301 §6). `tls`: empty where there is none. */
inline std::string connection_timing(std::string_view protocol, std::string_view tls) {
  std::string value = "proto;desc=\"";
  value.append(protocol).append("\"");
  if (!tls.empty()) value.append(", tls;desc=\"").append(tls).append("\"");
  return value;
}

}  // namespace zc
