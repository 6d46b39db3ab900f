// Lines to a descriptor, in order, by a thread of its own: nobody who writes waits for a disk, a pipe or a terminal.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "base/unique_fd.h"

namespace zc {

class LineWriter : public RefCounted {
 public:
  explicit LineWriter(UniqueFd to) : to_(std::move(to)) {}

  /** Returns 0, or an errno: EAGAIN where there is no room for a thread. */
  int start();
  /** Queues `text`, which is `lines` whole lines. What cannot be written is lost and counted. */
  void write(std::string_view text, uint64_t lines);
  /** What is not yet written, and all that comes, goes there. */
  void reopen(UniqueFd to);
  /** Nothing more comes: the thread ends when all is written or lost. False: that has been said before. */
  bool end();
  /** Waits for that, `patience` at most. */
  bool await_end(std::chrono::milliseconds patience);

  uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  /** Why lines were lost last: an errno, ENOBUFS where too many waited; 0: none were. */
  int error() const { return error_.load(std::memory_order_relaxed); }

 private:
  // Bytes that wait: some 20,000 lines. And those with which the thread waits no longer for more.
  static constexpr size_t kMost = 4 << 20, kMany = 64 << 10;
  static constexpr std::chrono::milliseconds kGather{50};

  void run();
  void write_out(std::string_view text, uint64_t lines);
  bool await_room();
  void lose(uint64_t lines, int error);

  std::mutex mutex_;
  std::condition_variable changed_, over_;
  std::string queue_;
  uint64_t queued_ = 0;  // lines
  UniqueFd next_;        // takes the place of to_
  bool ending_ = false, ended_ = false;

  UniqueFd to_;  // the thread's, as the rest
  bool torn_ = false;  // the last line that was written lacks its end
  std::atomic<uint64_t> written_{0}, lost_{0};
  std::atomic<int> error_{0};
};

}  // namespace zc
