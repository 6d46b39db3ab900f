// The snapshot cache: one sealed memfd, mapped once, cut into slots that are given back at once.
#pragma once
#include <map>
#include <mutex>
#include <set>

#include "files/memory.h"

namespace zc {

enum class SnapshotError : uint8_t {
  none,
  changed,
  full,
  cold,  // the copy would have to wait
};

class Arena : public RefCounted {
 public:
  /** Reserves `capacity` bytes of address space and no memory. Null with errno when the kernel refuses. */
  static Ref<Arena> create(size_t capacity);
  ~Arena() override;

  /**
   * Copies the file into a slot. The copy is refused as `changed` unless fstat agrees before and after
   * it and the last write is old enough to show in the clock that the kernel stamps files with.
   */
  Ref<Memory> snapshot(const File& file, SnapshotError& error);
  /** The same without waiting for a disk. `now`: ms, monotonic. */
  Ref<Memory> snapshot_now(const File& file, int64_t now, SnapshotError& error);

  /**
   * Keeps its pages in memory, each from its first use on (mlock2(2), MLOCK_ONFAULT): of memory it takes what is used, of
   * RLIMIT_MEMLOCK its whole capacity, for which the soft limit is raised as far as it may. Returns 0 or the errno: ENOMEM
   * where the limit is too low, EPERM where it is 0, ENOSYS before Linux 4.4.
   */
  int lock();

  size_t capacity() const { return capacity_; }
  size_t used() const;
  /** The memfd: another process may map the snapshots (F_SEAL_SHRINK: they cannot be cut off under it). */
  int fd() const { return fd_.get(); }

 private:
  class Slot;
  Arena(UniqueFd fd, char* base, size_t capacity);
  Ref<Memory> make_slot(const File& file, size_t& offset, SnapshotError& error);
  bool allocate(size_t size, size_t& offset);
  void free(size_t offset, size_t size);
  void return_pages(size_t offset, size_t size);

  const UniqueFd fd_;
  char* const base_;
  const size_t capacity_;
  // Slots are taken and given back by any thread; never on the way of a hot request.
  mutable std::mutex mutex_;
  std::map<size_t, size_t> free_by_offset_;
  std::set<std::pair<size_t, size_t>> free_by_size_;  // (size, offset): best fit
  size_t used_ = 0;
};

}  // namespace zc
