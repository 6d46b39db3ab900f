// The listening socket of one thread: takes in clients, and pauses where the system has no descriptor for one more.
#pragma once
#include "net/listener.h"

namespace zc {

class Acceptor {
 public:
  Acceptor(int epoll, uint64_t tag) : epoll_(epoll), tag_(tag) {}

  void listen(UniqueFd listener);
  /** No more clients. */
  void stop();
  /** Calls admit(socket, peer) for those that wait, up to a batch. Returns the errno for which it pauses, or 0. */
  template <class Admit>
  int accept(int64_t now, Admit admit) {
    for (int i = 0; i < kBatch; ++i) {
      Accepted accepted = accept_from(listener_.get());
      if (accepted.socket) {
        admit(std::move(accepted.socket), accepted.peer);
        continue;
      }
      switch (outcome_of(accepted.error)) {
        case Outcome::next:
          continue;
        case Outcome::none:
          return 0;
        case Outcome::exhausted:
          pause(now);
          return accepted.error;
      }
    }
    return 0;
  }

  bool paused() const { return resume_at_ != 0; }
  /** Tries again: a connection has closed, or `now` is late enough. */
  void resume() { if (paused()) watch(true); }
  void resume_in_time(int64_t now) { if (paused() && now >= resume_at_) watch(true); }

 private:
  static constexpr int kBatch = 64;

  enum class Outcome : uint8_t { next, none, exhausted };
  static Outcome outcome_of(int error);

  void pause(int64_t now);
  void watch(bool on);

  const int epoll_;
  const uint64_t tag_;
  UniqueFd listener_;
  bool watched_ = false;
  int64_t resume_at_ = 0;  // ms; 0 = not paused
};

}  // namespace zc
