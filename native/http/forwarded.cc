#include "http/forwarded.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "http/grammar.h"

namespace zc {
namespace {

// Proxies on the way; whoever writes more wants to keep us busy.
constexpr size_t kMostHops = 32;

// Up to the separator that stands outside of quotes; takes it away too.
std::string_view take(std::string_view& text, char separator) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') ++i;
    else if (text[i] == '"') quoted = !quoted;
    else if (text[i] == separator && !quoted) {
      const std::string_view taken = text.substr(0, i);
      text.remove_prefix(i + 1);
      return trim(taken);
    }
  }
  return trim(std::exchange(text, {}));
}

// RFC 7239 §6: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80"; X-Forwarded-For has it without brackets too.
bool read_node(std::string_view node, IpAddress& to) {
  if (!node.empty() && node.front() == '[') {
    const size_t end = node.find(']');
    if (end == node.npos) return false;
    const std::string_view port = node.substr(end + 1);
    return (port.empty() || port.front() == ':') && to_ip(std::string(node.substr(1, end - 1)), to);
  }
  const size_t colon = node.find(':');
  const bool has_port = colon != node.npos && node.find(':', colon + 1) == node.npos;
  return to_ip(std::string(has_port ? node.substr(0, colon) : node), to);
}

std::string_view unquote(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

// The value of `for` in one element; empty where it has none.
std::string_view for_of(std::string_view element) {
  while (!element.empty()) {
    const std::string_view pair = take(element, ';');
    const bool is_for = pair.size() > 4 && pair[3] == '=' && equals_folded(pair.substr(0, 3), "for");
    if (is_for) return unquote(pair.substr(4));
  }
  return {};
}

}  // namespace

IpAddress client_of(const IpAddress& peer, std::string_view x_forwarded_for, std::string_view forwarded, const Networks& trusted) {
  const bool either = x_forwarded_for.empty() != forwarded.empty();
  if (!either || !trusted.contain(peer)) return peer;
  const bool standard = x_forwarded_for.empty();
  std::string_view text = standard ? forwarded : x_forwarded_for;
  std::vector<std::string_view> hops;
  while (!text.empty()) {
    const std::string_view element = take(text, ',');
    hops.push_back(standard ? for_of(element) : element);
    if (hops.size() > kMostHops) hops.erase(hops.begin());
  }
  IpAddress client = peer;
  for (auto hop = hops.rbegin(); hop != hops.rend() && trusted.contain(client); ++hop) {
    IpAddress next;
    if (!read_node(*hop, next)) break;
    client = next;
  }
  return client;
}

}  // namespace zc
