// Switches scatter-gather off on an interface, so that its kernel copies each packet when it is sent, as a network card
// does: `wire INTERFACE`.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(int count, char **arguments) {
  struct ethtool_value off = {ETHTOOL_SSG, 0};
  struct ifreq request;
  if (count != 2) return 2;
  memset(&request, 0, sizeof request);
  strncpy(request.ifr_name, arguments[1], IFNAMSIZ - 1);
  request.ifr_data = (void *)&off;
  if (ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCETHTOOL, &request) == 0) return 0;
  perror("SIOCETHTOOL");
  return 1;
}
