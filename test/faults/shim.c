// A disk that fails, for LD_PRELOAD: what it does to a file follows from the end of the file's name. Built by
// shim.ts.
//
//   *.eio     reading and sendfile fail with EIO (after the first page, where the name ends in *.page.eio)
//   *.einval  sendfile fails with EINVAL
//   *.enosys  sendfile fails with ENOSYS
//   *.epipe   sendfile raises SIGPIPE and fails with EPIPE, as when the client has shut its side and then reset
//   *.far     lies on another disk (fstat), and none of it is in memory (RWF_NOWAIT fails with EAGAIN)
//
// A disk does not answer for these while a file of the same name with .gate stands beside them: what may wait waits
// until the gate is gone. They differ in what RWF_NOWAIT says meanwhile:
//
//   *.stuck   none of it is in memory (EAGAIN)
//   *.hole    all but 128 KiB in the middle of its first MiB is
//   *.wall    all of it is, which is not true
//   *.blind   that it is not supported, gate or none, as on overlayfs; each read that may wait leaves a byte in .log
//             beside it, if that exists
//   *.gated   what the file system says
//
//   *.drag    closing it once it is deleted takes until the gate is gone, as freeing the blocks of a large file does
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault { none, eio, einval, enosys, epipe, far, stuck, hole, wall, blind, gated };

static int ends_with(const char *text, const char *end) {
  const size_t size = strlen(text), want = strlen(end);
  return size >= want && strcmp(text + size - want, end) == 0;
}

static enum fault fault_of(int fd, off64_t offset, char path[4096 + 8]) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, 4096);
  if (size <= 0) return none;
  path[size] = '\0';
  if (ends_with(path, ".page.eio")) return offset >= 4096 ? eio : none;
  if (ends_with(path, ".eio")) return eio;
  if (ends_with(path, ".einval")) return einval;
  if (ends_with(path, ".enosys")) return enosys;
  if (ends_with(path, ".epipe")) return epipe;
  if (ends_with(path, ".far")) return far;
  if (ends_with(path, ".stuck")) return stuck;
  if (ends_with(path, ".hole")) return hole;
  if (ends_with(path, ".wall")) return wall;
  if (ends_with(path, ".blind")) return blind;
  return ends_with(path, ".gated") ? gated : none;
}

static int in_hole(off64_t offset, size_t size) {
  return offset < 640 << 10 && offset + (off64_t)size > 512 << 10;
}

static int is_shut(char *path) {
  strcat(path, ".gate");
  const int shut = access(path, F_OK) == 0;
  path[strlen(path) - 5] = '\0';
  return shut;
}

static int fail(int error) {
  errno = error;
  return -1;
}

static void note(char *path) {
  strcat(path, ".log");
  const int log = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (log >= 0) {
    if (write(log, "r", 1) != 1) abort();
    close(log);
  }
  path[strlen(path) - 4] = '\0';
}

// What RWF_NOWAIT says: an errno, or 0 to ask the file system.
static int residency(enum fault fault, off64_t offset, char *path) {
  switch (fault) {
    case far:
      return EAGAIN;
    case blind:
      return EOPNOTSUPP;
    case stuck:
      return is_shut(path) ? EAGAIN : 0;
    case hole:
      return in_hole(offset, 1) && is_shut(path) ? EAGAIN : 0;
    default:
      return 0;
  }
}

static void await_disk(enum fault fault, off64_t offset, size_t size, char *path) {
  if (fault < stuck || (fault == hole && !in_hole(offset, size))) return;
  while (is_shut(path)) usleep(1000);
}

// What is read or sent at once ends before the page that fails, as in the kernel.
static size_t readable(int fd, off64_t offset, size_t size) {
  char path[4096 + 8];
  const int cut = offset < 4096 && fault_of(fd, 4096, path) == eio && ends_with(path, ".page.eio");
  return cut && size > (size_t)(4096 - offset) ? (size_t)(4096 - offset) : size;
}

// 0 when the call may go on; it waits here for a shut gate unless `nowait`.
static int meet_disk(int fd, off64_t offset, size_t size, int nowait) {
  char path[4096 + 8];
  const int before = errno;
  const enum fault fault = fault_of(fd, offset, path);
  if (fault == eio) return fail(EIO);
  if (nowait) {
    const int error = residency(fault, offset, path);
    if (error != 0) return fail(error);
  } else {
    if (fault == blind) note(path);
    await_disk(fault, offset, size, path);
  }
  errno = before;
  return 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_socket(int fd) {
  struct stat64 found;
  return NEXT(fstat64)(fd, &found) == 0 && S_ISSOCK(found.st_mode);
}

static int meet_sendfile(int out, int fd, off64_t offset, size_t size) {
  char path[4096 + 8];
  const enum fault fault = fault_of(fd, offset, path);
  if (fault == einval) return fail(EINVAL);
  if (fault == enosys) return fail(ENOSYS);
  if (fault == epipe) {
    pthread_kill(pthread_self(), SIGPIPE);
    return fail(EPIPE);
  }
  // To anything else it only waits for the file's pages.
  if (fault == blind && !is_socket(out)) note(path);
  await_disk(fault, offset, size, path);
  return fault == eio ? fail(EIO) : 0;
}

int close(int fd) {
  static const char deleted[] = ".drag (deleted)";
  char path[4096 + 8], link[32];
  const int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, 4096);
  if (size > 0) {
    path[size] = '\0';
    if (ends_with(path, deleted)) {
      path[size - (ssize_t)strlen(" (deleted)")] = '\0';
      while (is_shut(path)) usleep(1000);
    }
  }
  errno = before;
  return NEXT(close)(fd);
}

ssize_t pread64(int fd, void *to, size_t size, off64_t offset) {
  return meet_disk(fd, offset, size, 0) ? -1 : NEXT(pread64)(fd, to, readable(fd, offset, size), offset);
}

ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags) {
  return meet_disk(fd, offset, parts->iov_len, flags & RWF_NOWAIT) ? -1 : NEXT(preadv64v2)(fd, parts, count, offset, flags);
}

int fstat64(int fd, struct stat64 *to) {
  char path[4096 + 8];
  const int result = NEXT(fstat64)(fd, to);
  if (result == 0 && fault_of(fd, 0, path) == far) ++to->st_dev;
  return result;
}

// The name that a binary for older glibcs than 2.33 knows it by.
int __fxstat64(int layout, int fd, struct stat64 *to) {
  (void)layout;
  return fstat64(fd, to);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) {
  const off64_t at = offset ? *offset : 0;
  size = readable(in, at, size);
  return meet_sendfile(out, in, at, size) ? -1 : NEXT(sendfile64)(out, in, offset, size);
}
