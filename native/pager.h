// A small pool that waits for the disk so that the engine threads don't (a cold sendfile blocks even on a
// non-blocking socket).
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "reply.h"
#include "thread.h"

namespace zc {

class Pager {
 public:
  /** Starts as many of the threads as the system has room for. */
  explicit Pager(size_t threads);
  ~Pager();
  /** 0, or why no thread started, as an errno: one is enough. */
  int shortage() const { return threads_.empty() ? shortage_ : 0; }

  /** Brings the span into the page cache, then calls `done` on a pool thread. Errors show when the span is sent. */
  void page_in(Ref<File> file, ByteSpan span, std::function<void()> done);

 private:
  struct Job {
    Ref<File> file;
    ByteSpan span;
    std::function<void()> done;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<Thread> threads_;
  int shortage_ = 0;
};

}  // namespace zc
