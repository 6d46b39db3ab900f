#include "net/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace zc {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr IpAddress kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void set_ipv4(const void* from, IpAddress& to) {
  to = kMapped;
  std::memcpy(&to[kMappedBits / 8], from, 4);
}

bool shares(const IpAddress& one, const IpAddress& other, unsigned bits) {
  const unsigned whole = bits / 8, rest = bits % 8;
  if (!std::equal(one.begin(), one.begin() + whole, other.begin())) return false;
  return rest == 0 || (one[whole] ^ other[whole]) >> (8 - rest) == 0;
}

}  // namespace

bool to_ip(const sockaddr_storage& from, IpAddress& to) {
  if (from.ss_family == AF_INET) {
    set_ipv4(&reinterpret_cast<const sockaddr_in&>(from).sin_addr, to);
    return true;
  }
  if (from.ss_family != AF_INET6) return false;
  std::memcpy(to.data(), &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, to.size());
  return true;
}

bool to_ip(const std::string& text, IpAddress& to) {
  in_addr four;
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) {
    set_ipv4(&four, to);
    return true;
  }
  return inet_pton(AF_INET6, text.c_str(), to.data()) == 1;
}

bool Networks::add(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  Network network;
  if (!to_ip(address, network.address)) return false;
  const unsigned skipped = address.find(':') == std::string::npos ? kMappedBits : 0;
  unsigned bits = 128 - skipped;
  if (slash != std::string::npos) {
    const std::string digits = text.substr(slash + 1);
    const bool is_number = !digits.empty() && digits.size() <= 3 &&
                           std::all_of(digits.begin(), digits.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
    if (!is_number || std::stoul(digits) > bits) return false;
    bits = static_cast<unsigned>(std::stoul(digits));
  }
  network.bits = skipped + bits;
  networks_.push_back(network);
  return true;
}

bool Networks::contain(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return shares(address, network.address, network.bits); });
}

}  // namespace zc
