// Threads that wait for disks so that nobody else does. One pool for the process, of which nothing is ever joined: a
// system call that hangs keeps its own thread and holds up no close and no exit.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace zc {

class DiskPool {
 public:
  /** Never destroyed: a thread that hangs may outlive every destructor. */
  static DiskPool& instance();

  enum class Taken {
    queued,
    full,       // too much waits for the device already
    no_thread,  // the system has no room for even one; whoever asked may do the work itself
  };

  /** Has the work done by some thread, soon. Work for one device waits for that device only. */
  Taken run(uint64_t device, std::function<void()> work);

 private:
  struct Lane {
    std::deque<std::function<void()>> waiting;
    size_t threads = 0;  // that are at work for it, or called to it
  };

  DiskPool() = default;
  bool make_thread();
  void serve();
  /** Calls a thread to the device if it may have one more. */
  void call(uint64_t device, Lane& lane);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<uint64_t, Lane> lanes_;  // with work waiting or at work
  std::deque<uint64_t> calls_;                // devices that a thread is called to
  size_t threads_ = 0, idle_ = 0;
};

}  // namespace zc
