// Lines of bytes in hexadecimal: what is made of each as a PROXY header. Built and run by test/native/proxy-header.test.ts.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <iostream>
#include <memory>
#include <string>

#include "net/proxy_header.h"

namespace {

std::string peer_of(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = {};
  const auto& four = reinterpret_cast<const sockaddr_in&>(peer);
  const auto& six = reinterpret_cast<const sockaddr_in6&>(peer);
  if (peer.ss_family == AF_UNIX) return "unix";
  const bool is_four = peer.ss_family == AF_INET;
  inet_ntop(peer.ss_family, is_four ? static_cast<const void*>(&four.sin_addr) : &six.sin6_addr, text, sizeof text);
  return std::string(text) + " " + std::to_string(ntohs(is_four ? four.sin_port : six.sin6_port));
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const size_t size = line.size() / 2;
    // No byte behind them, for the sanitizers to see.
    const std::unique_ptr<char[]> bytes(new char[size]);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(std::stoul(line.substr(2 * i, 2), nullptr, 16));
    const zc::ProxyHeader header = zc::parse_proxy_header({bytes.get(), size});
    switch (header.result) {
      case zc::ProxyHeader::more:
        std::cout << "more\n";
        break;
      case zc::ProxyHeader::bad:
        std::cout << "bad\n";
        break;
      case zc::ProxyHeader::whole:
        std::cout << header.size << " " << (header.has_peer ? peer_of(header.peer) : "own") << "\n";
        break;
    }
  }
}
