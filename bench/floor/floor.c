// The floor: the least work that answers a GET for a file on this machine. One thread, one epoll,
// no HTTP semantics beyond what the benchmark's rows need. It is a yardstick, not a server.
//
//   floor ROOT mmap|sendfile|read|open [PORT]     prints "listening PORT" when it accepts connections
//
// mmap:     head and body leave in one writev(2), the body from a mapping of the whole file
// sendfile: the head by send(2) with MSG_MORE, the body by sendfile(2)
// read:     body bytes by pread(2) into a buffer, then as mmap from there, 64 KiB at a turn
// open:     as read, of a file that is opened for each request and closed after it
//
// In the other modes files are opened at their first request and kept; a file changed later is not noticed.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { INPUT_SIZE = 8192, HEAD_SIZE = 256, TABLE_SIZE = 4096, EVENT_COUNT = 256, BUFFER_SIZE = 65536 };

struct file {
  char *path;
  size_t path_length;
  int fd;
  const char *bytes;
  off_t size;
  char head[HEAD_SIZE];
  size_t head_length;
};

// What is still to be sent of one response: the rest of the head, then file bytes [offset, end).
struct reply {
  const struct file *file;
  const char *head;
  size_t head_length;
  off_t offset;
  off_t end;
  bool close;
  char own_head[HEAD_SIZE];
};

struct connection {
  int fd;
  bool sending;
  bool waits_for_output;
  size_t input_length;
  char input[INPUT_SIZE];
  struct reply reply;
};

enum progress { DONE, BLOCKED, FAILED };

static const char NOT_FOUND[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
static const char NOT_MODIFIED[] = "HTTP/1.1 304 Not Modified\r\nETag: \"floor\"\r\n\r\n";

static int root_fd;
enum mode { MAPPED, BY_SENDFILE, BY_READ, BY_OPEN };
static enum mode mode;
static int epoll_fd;
static struct file *table[TABLE_SIZE];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static size_t hash(const char *text, size_t length) {
  size_t h = 14695981039346656037u; // FNV-1a
  for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211u;
  return h % TABLE_SIZE;
}

static struct file *open_file(const char *path, size_t length) {
  char name[1024];
  if (length < 2 || length > sizeof name || memmem(path, length, "..", 2) != NULL) return NULL;
  memcpy(name, path + 1, length - 1);
  name[length - 1] = '\0';
  int fd = openat(root_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return NULL;
  }
  struct file *file = calloc(1, sizeof *file);
  if (file == NULL) die("calloc");
  file->path = strndup(path, length);
  file->path_length = length;
  file->fd = fd;
  file->size = status.st_size;
  if (mode == MAPPED && file->size > 0) {
    file->bytes = mmap(NULL, (size_t)file->size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (file->bytes == MAP_FAILED) die("mmap");
  }
  file->head_length = (size_t)snprintf(file->head, sizeof file->head,
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nETag: \"floor\"\r\n"
      "Content-Length: %lld\r\n\r\n", (long long)file->size);
  return file;
}

static const struct file *find_file(const char *path, size_t length) {
  if (mode == BY_OPEN) return open_file(path, length);
  size_t slot = hash(path, length);
  for (size_t probes = 0; probes < TABLE_SIZE; probes++, slot = (slot + 1) % TABLE_SIZE) {
    if (table[slot] == NULL) return table[slot] = open_file(path, length);
    if (table[slot]->path_length == length && memcmp(table[slot]->path, path, length) == 0)
      return table[slot];
  }
  return NULL;
}

static void release_file(const struct file *file) {
  if (mode != BY_OPEN || file == NULL) return;
  close(file->fd);
  free(file->path);
  free((void *)file);
}

// The value of a field whose name is written as the benchmark's clients write it, or NULL.
static const char *field(const char *head, size_t length, const char *name) {
  const char *found = memmem(head, length, name, strlen(name));
  return found == NULL ? NULL : found + strlen(name);
}

static void prepare_reply(struct reply *reply, const char *head, size_t length) {
  const char *path = head + 4; // "GET "
  const char *path_end = memchr(path, ' ', length - 4);
  const struct file *file = path_end == NULL ? NULL : find_file(path, (size_t)(path_end - path));
  reply->file = file;
  reply->offset = reply->end = 0;
  reply->close = field(head, length, "\r\nConnection: close") != NULL;
  if (file == NULL) {
    reply->head = NOT_FOUND;
    reply->head_length = sizeof NOT_FOUND - 1;
    return;
  }
  if (field(head, length, "\r\nIf-None-Match: \"floor\"") != NULL) {
    reply->head = NOT_MODIFIED;
    reply->head_length = sizeof NOT_MODIFIED - 1;
    return;
  }
  reply->end = file->size;
  const char *range = field(head, length, "\r\nRange: bytes=");
  long long first, last;
  if (range != NULL && sscanf(range, "%lld-%lld\r\n", &first, &last) == 2 && first >= 0 &&
      last >= first && last < file->size) {
    reply->offset = first;
    reply->end = last + 1;
    reply->head = reply->own_head;
    reply->head_length = (size_t)snprintf(reply->own_head, sizeof reply->own_head,
        "HTTP/1.1 206 Partial Content\r\nContent-Type: application/octet-stream\r\n"
        "Content-Range: bytes %lld-%lld/%lld\r\nContent-Length: %lld\r\n\r\n",
        first, last, (long long)file->size, last - first + 1);
    return;
  }
  reply->head = file->head;
  reply->head_length = file->head_length;
}

static enum progress blocked_or_failed(void) {
  return errno == EAGAIN || errno == EWOULDBLOCK ? BLOCKED : FAILED;
}

// Writes the rest of the head and `length` bytes of the body in one call, and advances past them.
static ssize_t write_parts(int fd, struct reply *reply, const char *body, size_t length) {
  struct iovec parts[2] = {{(void *)reply->head, reply->head_length}, {(void *)body, length}};
  ssize_t sent = writev(fd, parts, length > 0 ? 2 : 1);
  if (sent < 0) return sent;
  size_t of_head = (size_t)sent < reply->head_length ? (size_t)sent : reply->head_length;
  reply->head += of_head;
  reply->head_length -= of_head;
  reply->offset += sent - (ssize_t)of_head;
  return sent;
}

static enum progress send_mapped(int fd, struct reply *reply) {
  while (reply->head_length > 0 || reply->offset < reply->end) {
    const char *body = reply->offset < reply->end ? reply->file->bytes + reply->offset : NULL;
    if (write_parts(fd, reply, body, (size_t)(reply->end - reply->offset)) < 0)
      return blocked_or_failed();
  }
  return DONE;
}

static enum progress send_by_sendfile(int fd, struct reply *reply) {
  while (reply->head_length > 0) {
    int more = reply->offset < reply->end ? MSG_MORE : 0;
    ssize_t sent = send(fd, reply->head, reply->head_length, more | MSG_NOSIGNAL);
    if (sent < 0) return blocked_or_failed();
    reply->head += sent;
    reply->head_length -= (size_t)sent;
  }
  while (reply->offset < reply->end) {
    ssize_t sent = sendfile(fd, reply->file->fd, &reply->offset, (size_t)(reply->end - reply->offset));
    if (sent < 0) return blocked_or_failed();
    if (sent == 0) return FAILED; // the file was truncated
  }
  return DONE;
}

static enum progress send_by_read(int fd, struct reply *reply) {
  static char buffer[BUFFER_SIZE];
  while (reply->head_length > 0 || reply->offset < reply->end) {
    size_t left = (size_t)(reply->end - reply->offset);
    size_t wanted = left < BUFFER_SIZE ? left : BUFFER_SIZE;
    ssize_t filled = wanted == 0 ? 0 : pread(reply->file->fd, buffer, wanted, reply->offset);
    if (filled < 0 || (filled == 0 && wanted > 0)) return FAILED;
    ssize_t sent = write_parts(fd, reply, buffer, (size_t)filled);
    if (sent < 0) return blocked_or_failed(); // what the socket did not take is read again
  }
  return DONE;
}

static enum progress send_reply(int fd, struct reply *reply) {
  switch (mode) {
  case MAPPED: return send_mapped(fd, reply);
  case BY_SENDFILE: return send_by_sendfile(fd, reply);
  case BY_READ:
  case BY_OPEN: return send_by_read(fd, reply);
  }
  return FAILED;
}

static bool wait_for_output(struct connection *connection, bool wanted) {
  if (connection->waits_for_output == wanted) return true;
  connection->waits_for_output = wanted;
  struct epoll_event event = {wanted ? EPOLLOUT : EPOLLIN, {.ptr = connection}};
  return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) == 0;
}

// Answers every whole request in the buffer. False when the connection is to be closed.
static bool answer(struct connection *connection) {
  size_t used = 0;
  for (;;) {
    if (!connection->sending) {
      const char *head = connection->input + used;
      size_t left = connection->input_length - used;
      const char *end = memmem(head, left, "\r\n\r\n", 4);
      if (end == NULL) break;
      size_t length = (size_t)(end - head) + 4;
      if (length < 16 || memcmp(head, "GET ", 4) != 0) return false;
      prepare_reply(&connection->reply, head, length);
      connection->sending = true;
      used += length;
    }
    enum progress progress = send_reply(connection->fd, &connection->reply);
    if (progress == BLOCKED) break;
    release_file(connection->reply.file);
    connection->reply.file = NULL;
    if (progress == FAILED) return false;
    connection->sending = false;
    if (connection->reply.close) return false;
  }
  connection->input_length -= used;
  if (used > 0) memmove(connection->input, connection->input + used, connection->input_length);
  return wait_for_output(connection, connection->sending);
}

static bool receive(struct connection *connection) {
  size_t space = INPUT_SIZE - connection->input_length;
  if (space == 0) return false;
  ssize_t received = recv(connection->fd, connection->input + connection->input_length, space, 0);
  if (received < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  if (received == 0) return false;
  connection->input_length += (size_t)received;
  return answer(connection);
}

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) die("calloc");
    connection->fd = fd;
    struct epoll_event event = {EPOLLIN, {.ptr = connection}};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }
}

static int listen_on(uint16_t port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) die("socket");
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // accepted sockets inherit it
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) die("bind");
  if (listen(listener, 1024) != 0) die("listen");
  socklen_t length = sizeof address;
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) die("getsockname");
  printf("listening %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static bool parse_mode(const char *name) {
  static const char *const names[] = {"mmap", "sendfile", "read", "open"}; // in the order of enum mode
  for (int i = 0; i < 4; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    mode = (enum mode)i;
    return true;
  }
  return false;
}

int main(int count, char **arguments) {
  if (count < 3 || !parse_mode(arguments[2])) {
    fprintf(stderr, "usage: floor ROOT mmap|sendfile|read|open [PORT]\n");
    return 2;
  }
  root_fd = open(arguments[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root_fd < 0) die(arguments[1]);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  int listener = listen_on(count > 3 ? (uint16_t)atoi(arguments[3]) : 0);
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");

  struct epoll_event events[EVENT_COUNT];
  for (;;) {
    int ready = epoll_wait(epoll_fd, events, EVENT_COUNT, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == NULL) {
        accept_all(listener);
        continue;
      }
      bool keep = connection->sending ? answer(connection) : receive(connection);
      if (keep) continue;
      close(connection->fd);
      free(connection);
    }
  }
}
