// A client that takes bodies as cheaply as it is told to: what a large answer costs the server then no longer hides
// behind what it costs the receiver.
//
//   sink ADDRESS PORT PATH CONNECTIONS SECONDS BUFFER      prints {"requests":…,"seconds":…,"cpuSeconds":…,"sleeps":…}
//
// BUFFER: bytes per recv(2); 0: the kernel drops the bytes instead of copying them (MSG_TRUNC, tcp(7)).
// sleeps: times that the client waited and the server's data had to wake it (ru_nvcsw, getrusage(2)).
// Every answer must be as long as the first, which is read by its Content-Length.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_SIZE = 1024, HEAD_SIZE = 4096, EVENT_COUNT = 64, DROP_SIZE = 1 << 20 };

struct connection {
  int fd;
  unsigned long left;  // bytes of the answer in progress
};

static char request[REQUEST_SIZE];
static size_t request_size;
static struct sockaddr_in address;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static int open_connection(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void ask(const struct connection *connection) {
  if (send(connection->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) die("send");
}

// Length of the whole answer, head and body.
static unsigned long answer_length(void) {
  char head[HEAD_SIZE + 1];
  size_t have = 0;
  const struct connection connection = {.fd = open_connection()};
  ask(&connection);
  for (;;) {
    const ssize_t got = recv(connection.fd, head + have, HEAD_SIZE - have, 0);
    if (got <= 0) die("recv");
    have += (size_t)got;
    head[have] = 0;
    const char *end = strstr(head, "\r\n\r\n");
    if (!end) continue;
    const char *length = strcasestr(head, "\r\ncontent-length:");
    if (!length || strncmp(head, "HTTP/1.1 200", 12) != 0) die("not a 200 with its length");
    close(connection.fd);
    return strtoul(length + 17, NULL, 10) + (unsigned long)(end + 4 - head);
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  const int connections = atoi(argv[4]);
  const double seconds = atof(argv[5]);
  const size_t buffer_size = strtoul(argv[6], NULL, 10);
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) die("address");
  request_size = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", argv[3], argv[1]);
  const unsigned long length = answer_length();

  const int epoll = epoll_create1(0);
  struct connection *all = calloc((size_t)connections, sizeof *all);
  for (int i = 0; i < connections; i++) {
    all[i] = (struct connection){.fd = open_connection(), .left = length};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    ask(&all[i]);
  }

  char *buffer = buffer_size == 0 ? NULL : malloc(buffer_size);
  unsigned long bytes = 0;
  const double began = now();
  double elapsed = 0;
  while ((elapsed = now() - began) < seconds) {
    struct epoll_event events[EVENT_COUNT];
    const int count = epoll_wait(epoll, events, EVENT_COUNT, 100);
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      const ssize_t got = buffer ? recv(connection->fd, buffer, buffer_size, MSG_DONTWAIT)
                                 : recv(connection->fd, NULL, DROP_SIZE, MSG_DONTWAIT | MSG_TRUNC);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0 || (unsigned long)got > connection->left) die("recv");
      bytes += (unsigned long)got;
      connection->left -= (unsigned long)got;
      if (connection->left > 0) continue;
      connection->left = length;
      ask(connection);
    }
  }

  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("{\"requests\":%.3f,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"sleeps\":%ld}\n", (double)bytes / (double)length,
         elapsed, cpu, usage.ru_nvcsw);
  return 0;
}
