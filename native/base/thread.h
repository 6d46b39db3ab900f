// One thread of our own, which starts or says that it cannot: where the system has no room for it (RLIMIT_NPROC, a
// cgroup's pids.max), std::thread throws, and without exceptions that ends the process.
#pragma once
#include <pthread.h>

#include <functional>
#include <memory>
#include <utility>

#include "base/sigpipe.h"

namespace zc {

class Thread {
 public:
  Thread() = default;
  Thread(Thread&& other) noexcept : id_(other.id_), running_(std::exchange(other.running_, false)) {}
  Thread& operator=(Thread&&) = delete;
  ~Thread() { join(); }

  /** Runs `body` on a thread named `name` (at most 15 bytes). Returns 0, or an errno: EAGAIN where there is no room. */
  int start(const char* name, std::function<void()> body) {
    auto task = std::make_unique<Task>(Task{name, std::move(body)});
    const int error = pthread_create(&id_, nullptr, run, task.get());
    running_ = error == 0;
    if (running_) task.release();
    return error;
  }
  bool running() const { return running_; }
  void join() {
    if (std::exchange(running_, false)) pthread_join(id_, nullptr);
  }
  /** Lets it run on by itself: what may hang in a system call is never waited for. */
  void detach() {
    if (std::exchange(running_, false)) pthread_detach(id_);
  }

 private:
  struct Task {
    const char* name;
    std::function<void()> body;
  };

  static void* run(void* data) {
    const std::unique_ptr<Task> task(static_cast<Task*>(data));
    pthread_setname_np(pthread_self(), task->name);
    block_write_signals();
    task->body();
    return nullptr;
  }

  pthread_t id_{};
  bool running_ = false;
};

}  // namespace zc
