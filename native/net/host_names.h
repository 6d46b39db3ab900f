// Names of virtual hosts: which of several an authority is for. src/http/host-names.ts does the same.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/folded.h"

namespace zc {

/** The host of an authority, without its port and the dot of an absolute name (RFC 3986 §3.2.2). */
inline std::string_view host_of(std::string_view authority) {
  const size_t bracket = authority.find(']');
  std::string_view host = authority.substr(0, authority.find(':', bracket == authority.npos ? 0 : bracket));
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  return host;
}

class HostNames {
 public:
  /** `name`: in lower case; "*.example.org" stands for every name below example.org. `host`: from 1 on. */
  void add(std::string_view name, uint32_t host) {
    if (!name.empty() && name.front() == '*') name.remove_prefix(1);
    names_.insert(place_of(name), {std::string(name), host});
  }
  bool empty() const { return names_.empty(); }
  /** Of the name itself, else of the longest pattern; 0 where neither is known. Any number of threads may ask. */
  uint32_t find(std::string_view authority) const {
    const std::string_view host = host_of(authority);
    char text[kMost];
    if (host.empty() || host.size() > kMost || host.front() == '.') return 0;
    std::transform(host.begin(), host.end(), text, folded);
    for (std::string_view left(text, host.size());;) {
      const auto found = place_of(left);
      if (found != names_.end() && found->first == left) return found->second;
      const size_t dot = left.find('.', 1);
      if (dot == left.npos) return 0;
      left.remove_prefix(dot);
    }
  }

 private:
  static constexpr size_t kMost = 253;  // bytes of a name (RFC 1035 §2.3.4)

  using Name = std::pair<std::string, uint32_t>;

  std::vector<Name>::const_iterator place_of(std::string_view name) const {
    return std::lower_bound(names_.begin(), names_.end(), name,
                            [](const Name& one, std::string_view asked) { return one.first < asked; });
  }

  std::vector<Name> names_;  // in order; a pattern without its asterisk
};

}  // namespace zc
