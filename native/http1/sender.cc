#include "http1/sender.h"

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
  exchange_.body.start(std::move(reply), is_head, connection_.stream().takes_files(), service_.limits().verify_sendfile);
  service_.begin(exchange_);
}

std::optional<ExchangeEnd> Sender::send(bool follows) {
  const ConnectionLimits& limits = service_.limits();
  const bool verifying = state_ == State::verify;
  state_ = State::send;
  const uint64_t before = exchange_.body.sent();
  const SendResult result = out_.send(connection_.stream(), exchange_.body, limits, service_.turn().now, follows);
  service_.count(exchange_, exchange_.body.sent() - before);
  switch (result) {
    case SendResult::done:
      return ExchangeEnd::done;
    case SendResult::again:
      service_.arm(connection_, limits.send_timeout);
      return std::nullopt;
    case SendResult::yield:
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
    case State::page:
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
