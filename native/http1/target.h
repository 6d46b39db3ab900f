// Request targets. RFC 9112 §3.2.
#pragma once

#include <string_view>

#include "http/authority.h"

namespace zc {

// RFC 9112 §3.2.1 to §3.2.4, in the order of their frequency.
inline bool is_target(std::string_view target, std::string_view method) {
  if (method == "CONNECT") return is_digit(target.back()) && target.find(':') != target.npos && is_authority(target);
  if (target.front() == '/') return true;
  if (target == "*") return method == "OPTIONS";
  const size_t separator = target.find("://");
  if (separator == target.npos) return false;
  const std::string_view scheme = target.substr(0, separator);
  if (!equals_folded(scheme, "http") && !equals_folded(scheme, "https")) return false;
  const std::string_view rest = target.substr(separator + 3);
  return is_authority(rest.substr(0, rest.find_first_of("/?")));
}

}  // namespace zc
