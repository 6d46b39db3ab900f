#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace zc {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kText("PROXY ");
constexpr size_t kMaxText = 107;  // §2.1, with CRLF
constexpr size_t kFixed = 16;     // §2.2: signature, version and command, family, length
constexpr size_t kUnixAddresses = 216;

bool may_begin(std::string_view bytes, std::string_view whole) { return whole.substr(0, bytes.size()) == bytes.substr(0, whole.size()); }

ProxyHeader bad() {
  ProxyHeader header;
  header.result = ProxyHeader::bad;
  return header;
}

/** No sign, no zero before another digit. */
bool is_port(std::string_view text, unsigned& port) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  port = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return false;
    port = port * 10 + static_cast<unsigned>(digit - '0');
  }
  return port <= 65'535;
}

/** The text up to a space, which is taken with it; to the end where there is none. */
std::string_view word(std::string_view& line) {
  const size_t end = line.find(' ');
  const std::string_view taken = line.substr(0, end);
  line.remove_prefix(end == line.npos ? line.size() : end + 1);
  return taken;
}

void set_peer(ProxyHeader& header, int family, const void* address, uint16_t port_in_order) {
  header.has_peer = true;
  header.peer.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    auto& to = reinterpret_cast<sockaddr_in&>(header.peer);
    std::memcpy(&to.sin_addr, address, sizeof to.sin_addr);
    to.sin_port = port_in_order;
  } else {
    auto& to = reinterpret_cast<sockaddr_in6&>(header.peer);
    std::memcpy(&to.sin6_addr, address, sizeof to.sin6_addr);
    to.sin6_port = port_in_order;
  }
}

// §2.1. "TCP4" source destination port port, one space between them.
ProxyHeader parse_text(std::string_view bytes) {
  ProxyHeader header;
  const size_t end = bytes.substr(0, kMaxText).find("\r\n");
  if (end == bytes.npos) return bytes.size() < kMaxText ? header : bad();
  header.result = ProxyHeader::whole;
  header.size = end + 2;
  std::string_view line = bytes.substr(kText.size(), end - kText.size());
  const std::string_view kind = word(line);
  // Whatever stands behind it is of no account.
  if (kind == "UNKNOWN") return header;
  const int family = kind == "TCP4" ? AF_INET : AF_INET6;
  if (kind != "TCP4" && kind != "TCP6") return bad();
  const std::string source(word(line)), destination(word(line));
  const std::string_view from = word(line);
  unsigned char address[16], ours[16];
  unsigned port, our_port;
  // A space at the end is one too many, a word too.
  if (inet_pton(family, source.c_str(), address) != 1 || inet_pton(family, destination.c_str(), ours) != 1) return bad();
  if (source.find('\0') != source.npos || destination.find('\0') != destination.npos) return bad();
  if (!is_port(from, port) || !is_port(line, our_port)) return bad();
  set_peer(header, family, address, htons(static_cast<uint16_t>(port)));
  return header;
}

// §2.2. Values that the text does not give are "rejected as invalid by receivers".
ProxyHeader parse_binary(std::string_view bytes) {
  ProxyHeader header;
  if (bytes.size() < kFixed) return header;
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned version = at(12) >> 4, command = at(12) & 15, family = at(13) >> 4, protocol = at(13) & 15;
  const size_t length = at(14) * 256u + at(15);
  if (version != 2 || command > 1 || kFixed + length > kMaxProxyHeader) return bad();
  if (bytes.size() < kFixed + length) return header;
  header.result = ProxyHeader::whole;
  header.size = kFixed + length;
  // LOCAL: the proxy asks for itself, such as whether we are well, and its family means nothing.
  if (command == 0) return header;
  if (family > 3 || protocol > 2) return bad();
  // Two addresses and two ports; what else may follow is of no account (TLVs).
  const char* const addresses = bytes.data() + kFixed;
  uint16_t port;
  if (protocol != 1) return header;
  switch (family) {
    case 1:
      if (length < 12) return bad();
      std::memcpy(&port, addresses + 8, sizeof port);
      set_peer(header, AF_INET, addresses, port);
      return header;
    case 2:
      if (length < 36) return bad();
      std::memcpy(&port, addresses + 32, sizeof port);
      set_peer(header, AF_INET6, addresses, port);
      return header;
    case 3:
      if (length < kUnixAddresses) return bad();
      header.has_peer = true;
      header.peer.ss_family = AF_UNIX;
      return header;
    default:
      return header;
  }
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  const bool text = may_begin(bytes, kText);
  if (!text && !may_begin(bytes, kSignature)) return bad();
  if (bytes.empty()) return {};
  return text ? parse_text(bytes) : parse_binary(bytes);
}

}  // namespace zc
