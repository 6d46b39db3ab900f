// One listening socket of a thread: takes in clients, and pauses where the system has no descriptor for one more.
#pragma once
#include "base/ref.h"
#include "net/listener.h"
#include "net/network.h"

namespace zc {

/** What is spoken at a listener, and who may come. */
struct Entrance : RefCounted {
  bool tls = false;
  bool proxied = false;  // by the PROXY protocol; clients that come without it are turned away
  Networks proxies;      // that may introduce clients; whoever gets at a Unix socket may too
};

class Acceptor {
 public:
  /** Begins to listen. `tag`: of its events in `epoll`. */
  Acceptor(int epoll, uint64_t tag, UniqueFd listener, Ref<const Entrance> entrance)
      : epoll_(epoll), tag_(tag), listener_(std::move(listener)), entrance_(std::move(entrance)) {
    watch(true);
  }
  ~Acceptor() { watch(false); }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  const Entrance& entrance() const { return *entrance_; }
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
  const UniqueFd listener_;
  const Ref<const Entrance> entrance_;
  bool watched_ = false;
  int64_t resume_at_ = 0;  // ms; 0 = not paused
};

}  // namespace zc
