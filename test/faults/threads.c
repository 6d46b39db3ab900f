// A system with room for only so many of the addon's threads, for LD_PRELOAD: the first ROOM (environment) start, for
// the others pthread_create fails as at RLIMIT_NPROC or a cgroup's pids.max. Node's own are not counted.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int is_ours(void *caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && strstr(info.dli_fname, ".node") != NULL;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *data) {
  static int started;
  const char *room = getenv("ROOM");
  if (room != NULL && is_ours(__builtin_return_address(0)) && started++ >= atoi(room)) return EAGAIN;
  return ((__typeof__(&pthread_create))dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, run, data);
}
