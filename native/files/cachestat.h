// cachestat(2), Linux 6.5: glibc has no wrapper, older headers not even the number, which all architectures share.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

namespace zc {

inline uint64_t page_size() {
  static const auto size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

/**
 * Pages of the page cache from this one on, those too that a disk is still filling. Nothing where the kernel does not tell:
 * since Linux 6.14 only those who might write the file. On overlayfs none is ever counted.
 */
inline std::optional<uint64_t> cached_pages(int file, uint64_t first, uint64_t pages) {
  constexpr long kCachestat = 451;
  struct {
    uint64_t offset, length;
  } range{first * page_size(), pages * page_size()};
  struct {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;
  } found{};
  static const bool available = syscall(kCachestat, -1, nullptr, nullptr, 0) < 0 && errno != ENOSYS;
  if (!available || syscall(kCachestat, file, &range, &found, 0) != 0) return std::nullopt;
  return found.cached;
}

}  // namespace zc
