// Tails of one stream, and one that appends to it: how long until each tail has a message, by the clock of one process.
//
//   tails PORT TAILS ROUNDS sse|long-poll PATH OFFSET IDLE
//
// Opens the tails at OFFSET, says "ready", does nothing for IDLE seconds, and then appends a message ROUNDS times, the next
// when all tails have the one before. A line for each: the median, the 99th percentile and the longest, in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 4096, EVENTS = 256 };

struct tail {
  int fd;
  int served;
  // What came last, for a message or its offset may come in two pieces.
  char text[KEPT + 1];
  size_t length;
};

static const char *mode, *path;
static int port;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now_us(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e6 + at.tv_nsec / 1e3;
}

static int dial(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void say(int fd, const char *text) {
  if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) fail("write");
}

static void ask(const struct tail *tail, const char *offset) {
  char request[512];
  snprintf(request, sizeof request, "GET %s?offset=%s&live=%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path, offset, mode);
  say(tail->fd, request);
}

// Reads what is there; 0 when the server has closed.
static int take(struct tail *tail) {
  for (;;) {
    if (tail->length > KEPT / 2) {
      memmove(tail->text, tail->text + tail->length - KEPT / 4, KEPT / 4);
      tail->length = KEPT / 4;
    }
    ssize_t got = recv(tail->fd, tail->text + tail->length, KEPT - tail->length, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return 1;
    if (got <= 0) return 0;
    tail->length += got;
    tail->text[tail->length] = 0;
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  port = atoi(argv[1]);
  int count = atoi(argv[2]), rounds = atoi(argv[3]);
  mode = argv[4];
  path = argv[5];
  int sse = strcmp(mode, "sse") == 0;
  struct tail *tails = calloc(count, sizeof *tails);
  double *times = calloc(count, sizeof *times);
  int epoll = epoll_create1(0);
  struct epoll_event events[EVENTS];
  for (int i = 0; i < count; i++) {
    tails[i].fd = dial();
    ask(&tails[i], argv[6]);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &tails[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, tails[i].fd, &event);
    // So that a server takes them all: not all in its backlog at once.
    if (sse) {
      while (strstr(tails[i].text, "\r\n\r\n") == NULL)
        if (epoll_wait(epoll, events, 1, 10000) < 1 || !take(events[0].data.ptr)) fail("no answer to a tail");
    } else if (i % 50 == 49) {
      usleep(20000);
    }
  }
  printf("ready\n");
  fflush(stdout);
  sleep(atoi(argv[7]));

  int writer = dial();
  for (int round = 0; round < rounds; round++) {
    char marker[32], request[512], answer[KEPT];
    snprintf(marker, sizeof marker, "round-%06d;", round);
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s", path,
             strlen(marker), marker);
    for (int i = 0; i < count; i++) tails[i].served = 0;
    double began = now_us();
    say(writer, request);
    for (int served = 0; served < count;) {
      int ready = epoll_wait(epoll, events, EVENTS, 60000);
      if (ready < 1) fail("a tail got nothing in 60 s");
      double at = now_us() - began;
      for (int i = 0; i < ready; i++) {
        struct tail *tail = events[i].data.ptr;
        if (!take(tail)) fail("a tail was closed");
        if (tail->served || strstr(tail->text, marker) == NULL) continue;
        tail->served = 1;
        times[served++] = at;
      }
    }
    qsort(times, count, sizeof *times, ascending);
    printf("%.0f %.0f %.0f\n", times[count / 2], times[count * 99 / 100], times[count - 1]);
    fflush(stdout);
    if (recv(writer, answer, sizeof answer, 0) <= 0) fail("no answer to an append");
    // The next polls, from where the answers end.
    for (int i = 0; !sse && i < count; i++) {
      char *at = strcasestr(tails[i].text, "stream-next-offset: "), offset[128] = "";
      if (at == NULL) fail("no offset");
      sscanf(at + strlen("stream-next-offset: "), "%127[^\r]", offset);
      tails[i].length = 0;
      tails[i].text[0] = 0;
      ask(&tails[i], offset);
    }
    // They are there when the next message is.
    usleep(sse ? 20000 : 300000);
  }
  return 0;
}
