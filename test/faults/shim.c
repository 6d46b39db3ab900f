// A disk that fails, for LD_PRELOAD: what it does to a file follows from the end of the file's name. Built by
// shim.ts.
//
//   *.eio     reading and sendfile fail with EIO (after the first page, where the name ends in *.page.eio)
//   *.einval  sendfile fails with EINVAL
//   *.enosys  sendfile fails with ENOSYS
//   *.epipe   sendfile raises SIGPIPE and fails with EPIPE, as when the client has shut its side and then reset
//   *.stuck   as a disk that does not answer while a file of the same name with .gate stands beside it: what may not
//             wait (RWF_NOWAIT) fails with EAGAIN, what may waits until the gate is gone
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault { none, eio, einval, enosys, epipe, stuck };

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
  return ends_with(path, ".stuck") ? stuck : none;
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

// 0 when the call may go on; it waits here for a shut gate unless `nowait`.
static int meet_disk(int fd, off64_t offset, int nowait) {
  char path[4096 + 8];
  const int before = errno;
  const enum fault fault = fault_of(fd, offset, path);
  if (fault == eio) return fail(EIO);
  while (fault == stuck && is_shut(path)) {
    if (nowait) return fail(EAGAIN);
    usleep(1000);
  }
  errno = before;
  return 0;
}

static int meet_sendfile(int fd, off64_t offset) {
  char path[4096 + 8];
  const enum fault fault = fault_of(fd, offset, path);
  if (fault == einval) return fail(EINVAL);
  if (fault == enosys) return fail(ENOSYS);
  if (fault == epipe) {
    pthread_kill(pthread_self(), SIGPIPE);
    return fail(EPIPE);
  }
  return meet_disk(fd, offset, 0);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pread64(int fd, void *to, size_t size, off64_t offset) {
  return meet_disk(fd, offset, 0) ? -1 : NEXT(pread64)(fd, to, size, offset);
}

ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags) {
  return meet_disk(fd, offset, flags & RWF_NOWAIT) ? -1 : NEXT(preadv64v2)(fd, parts, count, offset, flags);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) {
  char path[4096 + 8];
  const off64_t at = offset ? *offset : 0;
  // Up to the page that fails, as the kernel does.
  const int cut = at < 4096 && fault_of(in, 4096, path) == eio && ends_with(path, ".page.eio");
  if (cut && size > (size_t)(4096 - at)) size = (size_t)(4096 - at);
  return meet_sendfile(in, at) ? -1 : NEXT(sendfile64)(out, in, offset, size);
}
