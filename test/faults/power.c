// A disk whose power may go, for LD_PRELOAD: all that is done to the files of the directory $ZC_DISK goes to the file
// $ZC_JOURNAL too, in order, so that a test can tell what a disk may have kept at any moment (test/streams/power.ts). What goes
// to the standard output stands between. Built by shim.ts.
//
// It fails too, while a file of such a name stands beside a file of that directory:
//
//   FILE.enospc   half of what is written to it is, and then the disk is full
//   FILE.eio      nothing is written to it, by EIO
//   FILE.unsafe   syncing it fails with EIO
//   FILE.stuck    syncing it takes until it does not
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;

// The name in the directory; "" is the directory itself, NULL is elsewhere.
static const char *name_of(const char *path) {
  const char *disk = getenv("ZC_DISK");
  const size_t size = disk ? strlen(disk) : 0;
  if (size == 0 || strncmp(path, disk, size) != 0) return NULL;
  if (path[size] == '\0') return path + size;
  return path[size] == '/' && strchr(path + size + 1, '/') == NULL ? path + size + 1 : NULL;
}

static const char *name_of_fd(int fd, char path[4096]) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, 4095);
  if (size <= 0) return NULL;
  path[size] = '\0';
  return name_of(path);
}

static unsigned long file_of(int fd) {
  struct stat found;
  return fstat(fd, &found) == 0 ? (unsigned long)found.st_ino : 0;
}

// With `order` held.
static void put(const void *bytes, size_t size) {
  const char *rest = bytes;
  while (size > 0) {
    const ssize_t count = NEXT(write)(journal, rest, size);
    if (count < 0) abort();
    rest += count;
    size -= (size_t)count;
  }
}

static void note(const void *bytes, size_t size, const char *format, ...) {
  if (getenv("ZC_JOURNAL") == NULL) return;
  char line[8192];
  va_list values;
  va_start(values, format);
  const int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  pthread_mutex_lock(&order);
  if (journal < 0) journal = NEXT(open64)(getenv("ZC_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal < 0) abort();
  put(line, (size_t)length);
  put(bytes, size);
  pthread_mutex_unlock(&order);
}

static int beside(const char *path, const char *fault) {
  char name[4200];
  snprintf(name, sizeof name, "%s.%s", path, fault);
  return access(name, F_OK) == 0;
}

static int fail(int error) {
  errno = error;
  return -1;
}

int open64(const char *path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const mode_t mode = va_arg(values, mode_t);
  va_end(values);
  const char *name = name_of(path);
  const int is_new = name && (flags & O_CREAT) && access(path, F_OK) != 0;
  const int fd = NEXT(open64)(path, flags, mode);
  if (fd < 0 || name == NULL || !(flags & O_CREAT)) return fd;
  if (is_new) note("", 0, "create %lu %s\n", file_of(fd), name);
  else if (flags & O_TRUNC) note("", 0, "truncate %lu 0\n", file_of(fd));
  return fd;
}

static ssize_t write_part(int fd, const void *bytes, size_t size, off64_t offset) {
  note(bytes, size, "write %lu %lld %zu\n", file_of(fd), (long long)offset, size);
  return NEXT(pwrite64)(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
  char path[4096];
  if (name_of_fd(fd, path) == NULL) return NEXT(pwrite64)(fd, bytes, size, offset);
  if (beside(path, "eio")) return fail(EIO);
  if (!beside(path, "enospc")) return write_part(fd, bytes, size, offset);
  return size < 2 ? fail(ENOSPC) : write_part(fd, bytes, size / 2, offset);
}

// A short one is none too many.
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  char path[4096];
  if (name_of_fd(fd, path) == NULL) return NEXT(pwritev64)(fd, parts, count, offset);
  return pwrite64(fd, parts->iov_base, parts->iov_len, offset);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  if (fd == 1) note(bytes, size, "say %zu\n", size);
  return NEXT(write)(fd, bytes, size);
}

int ftruncate64(int fd, off64_t size) {
  char path[4096];
  if (name_of_fd(fd, path) != NULL) note("", 0, "truncate %lu %lld\n", file_of(fd), (long long)size);
  return NEXT(ftruncate64)(fd, size);
}

static int synced(int fd, int (*sync)(int)) {
  static unsigned long last = 0;
  char path[4096];
  const char *name = name_of_fd(fd, path);
  if (name == NULL) return sync(fd);
  const unsigned long id = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
  while (beside(path, "stuck")) usleep(1000);
  if (beside(path, "unsafe")) return fail(EIO);
  note("", 0, "begin %lu %lu\n", id, *name == '\0' ? 0 : file_of(fd));
  const int result = sync(fd);
  if (result == 0) note("", 0, "end %lu\n", id);
  return result;
}

int fdatasync(int fd) {
  return synced(fd, NEXT(fdatasync));
}

int fsync(int fd) {
  return synced(fd, NEXT(fsync));
}

int rename(const char *from, const char *to) {
  const char *name = name_of(from);
  if (name != NULL) note("", 0, "rename %s/%s\n", name, name_of(to));
  return NEXT(rename)(from, to);
}

int unlink(const char *path) {
  const char *name = name_of(path);
  if (name != NULL) note("", 0, "unlink %s\n", name);
  return NEXT(unlink)(path);
}
