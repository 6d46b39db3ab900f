#include "http1/sender.h"

#include <algorithm>

namespace zc {

void Sender::start(Ref<const Reply> reply, bool is_head, HeadEnd end) {
  begin(std::move(reply), is_head);
  out_.start(exchange_.body, end, service_.turn().date.text());
}

void Sender::start_body(Ref<const Reply> reply) {
  begin(std::move(reply), false);
  out_.start_body();
}

void Sender::begin(Ref<const Reply> reply, bool is_head) {
  state_ = State::send;
  began_ = service_.turn().now;
  exchange_.body.start(std::move(reply), is_head, connection_.stream().takes_files(), service_.limits().verify_sendfile);
  service_.begin(exchange_);
}

std::optional<ExchangeEnd> Sender::send(bool follows) {
  const ConnectionLimits& limits = service_.limits();
  const bool verifying = state_ == State::verify;
  state_ = State::send;
  const uint64_t before = exchange_.body.sent();
  const int64_t elapsed = service_.turn().now - began_;
  const uint64_t share = std::min(limits.send_chunk, limits.pace.allows(before, elapsed));
  const SendResult result = out_.send(connection_.stream(), exchange_.body, share, service_.turn().now, follows);
  service_.count(exchange_, exchange_.body.sent() - before);
  switch (result) {
    case SendResult::done:
      return ExchangeEnd::done;
    case SendResult::again:
      service_.arm(connection_, limits.send_timeout);
      return std::nullopt;
    case SendResult::yield:
      if (const int64_t wait = limits.pace.wait(exchange_.body.sent(), elapsed)) {
        state_ = State::pace;
        service_.arm(connection_, wait);
        // What leaves last has nothing to wait for until then.
        connection_.stream().flush();
        return std::nullopt;
      }
      service_.arm(connection_, limits.send_timeout);
      service_.requeue(connection_);
      return std::nullopt;
    case SendResult::unacked:
      if (!verifying) service_.arm(connection_, limits.send_timeout);
      state_ = State::verify;
      service_.recheck(connection_);
      return std::nullopt;
    case SendResult::cold:
      state_ = State::page;
      service_.arm(connection_, limits.send_timeout);
      if (service_.page_in(exchange_)) return std::nullopt;
      // Its disk keeps so many waiting that this one's time would be over too.
      service_.count_timeout();
      return ExchangeEnd::timed_out;
    case SendResult::awaited:
      state_ = State::feed;
      // However long: it takes no turn and no buffer meanwhile.
      service_.disarm(connection_);
      exchange_.body.drop_window();
      return std::nullopt;
    case SendResult::gone:
      return ExchangeEnd::gone;
    case SendResult::broken:
      return ExchangeEnd::file_fault;
  }
  return std::nullopt;
}

bool Sender::can_go_on(const StreamEvents& events) {
  switch (state_) {
    // Trying without room would give a client that reads nothing more time for every byte that it sends.
    case State::send:
      return happened(events, connection_.stream().send_awaits());
    case State::pace:
    case State::page:
    case State::feed:
      return false;
    case State::verify:
      return true;
  }
  return false;
}

void Sender::set_paged() {
  exchange_.body.set_paged(service_.turn().now);
  state_ = State::send;
}

}  // namespace zc
