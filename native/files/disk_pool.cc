#include "files/disk_pool.h"

#include <chrono>

#include "base/thread.h"

namespace zc {
namespace {

// Enough to keep a disk's queue busy; a disk that hangs takes no more.
constexpr size_t kDeviceThreads = 4;
// Seven disks may hang and the eighth is still served.
constexpr size_t kMaxThreads = 8 * kDeviceThreads;
// Work that waits for one device. A healthy disk does this much in a second or two, long before a send times out.
constexpr size_t kMaxWaiting = 4096;
// A thread that nobody needs ends: nothing is left of a server that is closed.
constexpr std::chrono::seconds kIdle{2};

}  // namespace

DiskPool& DiskPool::instance() {
  static auto* const pool = new DiskPool();
  return *pool;
}

DiskPool::Taken DiskPool::run(uint64_t device, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[device];
  const bool served = lane.threads == kDeviceThreads || idle_ > calls_.size() || make_thread() || threads_ > 0;
  const Taken taken = !served                             ? Taken::no_thread
                      : lane.waiting.size() < kMaxWaiting ? Taken::queued
                                                          : Taken::full;
  if (taken == Taken::queued) {
    lane.waiting.push_back(std::move(work));
    call(device, lane);
  } else if (lane.threads == 0) {
    lanes_.erase(device);
  }
  return taken;
}

void DiskPool::call(uint64_t device, Lane& lane) {
  if (lane.waiting.empty() || lane.threads == kDeviceThreads) return;
  ++lane.threads;
  calls_.push_back(device);
  wake_.notify_one();
}

bool DiskPool::make_thread() {
  if (threads_ == kMaxThreads) return false;
  Thread thread;
  if (thread.start("zcserve-disk", [this] { serve(); }) != 0) return false;
  thread.detach();
  ++threads_;
  return true;
}

void DiskPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    const bool called = wake_.wait_for(lock, kIdle, [this] { return !calls_.empty(); });
    --idle_;
    if (!called) break;
    const uint64_t device = calls_.front();
    calls_.pop_front();
    Lane& lane = lanes_[device];
    if (!lane.waiting.empty()) {
      std::function<void()> work = std::move(lane.waiting.front());
      lane.waiting.pop_front();
      lock.unlock();
      work();
      // What it held may be the last reference to a file, whose close comes back here.
      work = nullptr;
      lock.lock();
    }
    // Lanes are looked up anew: the map may have moved. Ours is still there, for it counts this thread.
    Lane& after = lanes_[device];
    --after.threads;
    call(device, after);
    if (after.threads == 0) lanes_.erase(device);
  }
  --threads_;
}

}  // namespace zc
