// Prints what comes to a Unix datagram socket (argv[1]; one that begins with @ is abstract), a line for each message, its own
// lines divided by |. Node has no such sockets.
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof name.sun_path) return 2;
  memcpy(name.sun_path, argv[1], strlen(argv[1]));
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(fd, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + strlen(argv[1])) != 0) return 1;
  puts("bound");
  for (;;) {
    fflush(stdout);
    char text[4096];
    const ssize_t size = recv(fd, text, sizeof text, 0);
    if (size < 0) return 1;
    for (ssize_t i = 0; i < size; i++) putchar(text[i] == '\n' ? '|' : text[i]);
    putchar('\n');
  }
}
