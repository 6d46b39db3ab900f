// SIGPIPE: sendfile(2) has no MSG_NOSIGNAL, and an application that has listened to the signal once leaves it fatal.
#pragma once
#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace zc {

inline sigset_t pipe_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

/** For a thread of our own: no write of it raises this signal, nor that of a file that may not grow (RLIMIT_FSIZE). */
inline void block_write_signals() {
  sigset_t set = pipe_signal();
  sigaddset(&set, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/** For a stretch of somebody else's thread, whose mask is restored. */
class PipeSignalBlock {
 public:
  PipeSignalBlock() {
    const sigset_t set = pipe_signal();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  PipeSignalBlock(const PipeSignalBlock&) = delete;
  PipeSignalBlock& operator=(const PipeSignalBlock&) = delete;
  ~PipeSignalBlock() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  /** A write has failed with EPIPE: its signal is pending, and would come when the mask is restored. */
  void discard() const {
    if (sigismember(&before_, SIGPIPE)) return;
    const sigset_t set = pipe_signal();
    const timespec at_once{};
    sigtimedwait(&set, nullptr, &at_once);
  }

 private:
  sigset_t before_;
};

}  // namespace zc
