// What kind of storage a file lies on, and so who may touch it: some can keep a system call waiting for ever.
#pragma once
#include <cstdint>

#include "base/unique_fd.h"

namespace zc {

enum class Volume : uint8_t {
  memory,  // tmpfs, ramfs: there is no disk to wait for
  local,
  remote,  // network and shared folders, FUSE: may hang, and may hand stale or foreign pages to sendfile and mmap
  made_up,  // proc, sysfs: contents come into being as they are read, so no size is true
};

/** One fstatfs(2), which may hang itself: for threads that may wait. Remembers which devices are remote. */
Volume volume_of(int fd, uint64_t device);

/** Was this device (stat's st_dev) found to be remote? Asks memory only. */
bool is_remote(uint64_t device);

/**
 * Closes where nobody waits for it if that may take long: the last close of a large deleted file frees its blocks,
 * and on a remote volume it may hang.
 */
void close_aside(UniqueFd fd, uint64_t device, uint64_t size, Volume volume);

}  // namespace zc
