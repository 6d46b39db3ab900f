#include "engine/acceptor.h"

#include <sys/epoll.h>

#include <cerrno>

namespace zc {
namespace {

constexpr int64_t kPause = 250;  // ms without descriptors before the next try; a closing connection ends it sooner

}  // namespace

Acceptor::Outcome Acceptor::outcome_of(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Outcome::exhausted;
    // A connection that died in the queue is no reason to stop (accept(2), error handling).
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
      return Outcome::next;
    default:
      return Outcome::none;
  }
}

// Spinning on EMFILE would starve the clients that are here; the backlog keeps the new ones meanwhile.
void Acceptor::pause(int64_t now) {
  watch(false);
  resume_at_ = now + kPause;
}

void Acceptor::watch(bool on) {
  if (watched_ == on) return;
  epoll_event event{};
  // A socket may be that of several threads: one client wakes one of them.
  event.events = EPOLLIN | EPOLLEXCLUSIVE;
  event.data.u64 = tag_;
  epoll_ctl(epoll_, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_.get(), &event);
  watched_ = on;
  if (on) resume_at_ = 0;
}

}  // namespace zc
