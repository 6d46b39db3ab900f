// Sends an exchange's answer as far as it goes, and asks the thread for what it then has to wait for.
#pragma once
#include "http1/transmission.h"

namespace zc {

class Sender {
 public:
  Sender(Service& service, Connection& connection, Exchange& exchange)
      : service_(service), connection_(connection), exchange_(exchange) {}

  /** An answer, with its head. */
  void start(Ref<const Reply> reply, bool is_head, HeadEnd end);
  /** A body alone: somebody else has sent the head. */
  void start_body(Ref<const Reply> reply);
  /** How it has ended; none while it waits. `follows`: another answer comes at once. */
  std::optional<ExchangeEnd> send(bool follows);
  /** Can it go on with these events? */
  bool can_go_on(const StreamEvents& events);
  /** Has the client had as much as it may have by now? Then its timeout is when it goes on. */
  bool is_held_back() const { return state_ == State::pace; }
  /** Must only the pager's word wake it? */
  bool is_paging() const { return state_ == State::page; }
  /** Must only more of the body, or its end, wake it? */
  bool is_awaiting() const { return state_ == State::feed; }
  /** What it waited for is in memory. */
  void set_paged();

 private:
  enum class State : uint8_t {
    send,
    pace,    // the client has had its share for now
    page,    // the pager fetches the next bytes from the disk
    feed,    // the next bytes are not made yet
    verify,  // the end is held back until the peer has acknowledged the rest
  };

  void begin(Ref<const Reply> reply, bool is_head);

  Service& service_;
  Connection& connection_;
  Exchange& exchange_;
  Transmission out_;
  State state_ = State::send;
  int64_t began_ = 0;  // ms
};

}  // namespace zc
