#include "files/pager.h"

#include <fcntl.h>

#include "files/disk_pool.h"
#include "files/page_cache.h"

namespace zc {
namespace {

// Connections that wait for spans of one device's files. A client that leaves is still counted until its span comes,
// so a disk that hangs would collect them without end.
constexpr size_t kMaxWaiters = 16'384;

}  // namespace

bool Pager::page_in(PageIn wanted, std::function<void()> done) {
  const uint64_t device = wanted.file->stat().dev;
  if (wanted.window) {
    const auto load = [self = Ref<Pager>(this), wanted, done = std::move(done)] {
      readahead(wanted.file->fd(), static_cast<off64_t>(wanted.span.start), wanted.span.end - wanted.span.start);
      wanted.window->load(*wanted.file, false);
      const std::lock_guard lock(self->mutex_);
      if (!self->abandoned_) done();
    };
    const DiskPool::Taken taken = DiskPool::instance().run(device, load);
    if (taken == DiskPool::Taken::no_thread) load();
    return taken != DiskPool::Taken::full;
  }
  const Key key{wanted.file.get(), wanted.span.start, wanted.span.end};
  const auto fill = [self = Ref<Pager>(this), wanted, key, device] {
    fill_page_cache(*wanted.file, wanted.span);
    self->finish(key, device);
  };
  {
    const std::lock_guard lock(mutex_);
    size_t& waiters = waiters_[device];
    if (waiters >= kMaxWaiters) return false;
    const auto [flight, first] = waiting_.try_emplace(key);
    const DiskPool::Taken taken = first ? DiskPool::instance().run(device, fill) : DiskPool::Taken::queued;
    if (taken == DiskPool::Taken::full) {
      waiting_.erase(flight);
      return false;
    }
    flight->second.push_back(std::move(done));
    ++waiters;
    if (taken == DiskPool::Taken::queued) return true;
  }
  fill();
  return true;
}

void Pager::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  waiting_.clear();
  waiters_.clear();
}

void Pager::finish(const Key& key, uint64_t device) {
  const std::lock_guard lock(mutex_);
  const auto flight = waiting_.find(key);
  if (flight == waiting_.end()) return;
  waiters_[device] -= flight->second.size();
  for (const auto& done : flight->second) done();
  waiting_.erase(flight);
}

}  // namespace zc
