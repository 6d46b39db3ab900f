// Lines "network address": is the address in the network? Prints yes, no or none. Built and run by test/native/network.test.ts.
#include <iostream>

#include "net/network.h"

int main() {
  std::string network, address;
  while (std::cin >> network >> address) {
    zc::Networks networks;
    zc::IpAddress ip;
    if (!networks.add(network) || !zc::to_ip(address, ip)) std::puts("none");
    else std::puts(networks.contain(ip) ? "yes" : "no");
  }
}
