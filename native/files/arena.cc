#include "files/arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace zc {
namespace {

// One cache line: two slots never share one.
constexpr size_t kAlign = 64;
constexpr size_t kPage = 4096;
// Kernels without fine-grained timestamps (< 6.13) stamp writes with the tick, at most 10 ms (HZ=100):
// two writes within one tick look alike, so a file written just now is not cached yet.
constexpr int64_t kTimestampGrain = 20'000'000;  // ns

size_t align_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

bool read_exactly(int fd, char* to, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, to + done, size - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// Whoever runs it may do that himself: the hard limit is what he was given.
bool raise_lock_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
}

// mlock2(2) without its wrapper (glibc 2.27).
int lock_on_fault(const void* at, size_t size) {
  constexpr unsigned kOnFault = 1;
  return syscall(SYS_mlock2, at, size, kOnFault) == 0 ? 0 : errno;
}

}  // namespace

class Arena::Slot final : public Memory {
 public:
  Slot(Ref<Arena> arena, size_t offset, size_t size)
      : Memory(arena->base_ + offset, size), arena_(std::move(arena)), offset_(offset) {}

 private:
  ~Slot() override { arena_->free(offset_, size()); }

  const Ref<Arena> arena_;
  const size_t offset_;
};

Arena::Arena(UniqueFd fd, char* base, size_t capacity) : fd_(std::move(fd)), base_(base), capacity_(capacity) {
  free_by_offset_[0] = capacity;
  free_by_size_.insert({capacity, 0});
}

Arena::~Arena() { munmap(base_, capacity_); }

Ref<Arena> Arena::create(size_t capacity) {
  capacity = align_up(capacity, kPage);
  UniqueFd fd(memfd_create("zcserve-cache", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(capacity)) != 0) return {};
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return {};
  void* base = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) return {};
  return Ref<Arena>(new Arena(std::move(fd), static_cast<char*>(base), capacity));
}

Ref<Memory> Arena::snapshot(const File& file, SnapshotError& error) {
  size_t offset;
  Ref<Memory> slot = make_slot(file, offset, error);
  if (!slot) return {};
  error = SnapshotError::changed;
  if (!read_exactly(file.fd(), base_ + offset, slot->size()) || !file.unchanged(file.stat().size)) return {};
  error = SnapshotError::none;
  return slot;
}

Ref<Memory> Arena::snapshot_now(const File& file, int64_t now, SnapshotError& error) {
  size_t offset;
  Ref<Memory> slot = make_slot(file, offset, error);
  if (!slot) return {};
  error = SnapshotError::cold;
  if (!file.read_now(base_ + offset, {0, slot->size()}, now)) return {};
  error = SnapshotError::none;
  return slot;
}

int Arena::lock() {
  const int error = lock_on_fault(base_, capacity_);
  return error != 0 && raise_lock_limit() ? lock_on_fault(base_, capacity_) : error;
}

// Still to be filled.
Ref<Memory> Arena::make_slot(const File& file, size_t& offset, SnapshotError& error) {
  const size_t size = file.stat().size;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  error = SnapshotError::changed;
  if (!file.unchanged(file.stat().size) || std::abs(nanoseconds(now) - file.stat().mtime) < kTimestampGrain) return {};
  error = SnapshotError::full;
  if (!allocate(size, offset)) return {};
  return make_ref<Slot>(Ref<Arena>(this), offset, size);
}

size_t Arena::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

bool Arena::allocate(size_t size, size_t& offset) {
  size = align_up(size == 0 ? 1 : size, kAlign);
  const std::lock_guard lock(mutex_);
  const auto fit = free_by_size_.lower_bound({size, 0});
  if (fit == free_by_size_.end()) return false;
  const size_t room = fit->first;
  offset = fit->second;
  free_by_size_.erase(fit);
  free_by_offset_.erase(offset);
  if (room > size) {
    free_by_offset_[offset + size] = room - size;
    free_by_size_.insert({room - size, offset + size});
  }
  used_ += size;
  return true;
}

void Arena::free(size_t offset, size_t size) {
  size = align_up(size == 0 ? 1 : size, kAlign);
  const std::lock_guard lock(mutex_);
  used_ -= size;
  auto next = free_by_offset_.lower_bound(offset);
  if (next != free_by_offset_.end() && offset + size == next->first) {
    size += next->second;
    free_by_size_.erase({next->second, next->first});
    next = free_by_offset_.erase(next);
  }
  if (next != free_by_offset_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      size += before->second;
      free_by_size_.erase({before->second, before->first});
      free_by_offset_.erase(before);
    }
  }
  free_by_offset_[offset] = size;
  free_by_size_.insert({size, offset});
  return_pages(offset, size);
}

// Whole pages that no slot touches go back to the system: the budget is memory, not address space.
void Arena::return_pages(size_t offset, size_t size) {
  const size_t first = align_up(offset, kPage);
  const size_t end = (offset + size) / kPage * kPage;
  if (end > first) {
    fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(first),
              static_cast<off_t>(end - first));
  }
}

}  // namespace zc
