// HTTP/1 on a stream: from the first byte of an answer to the next request, or to the end of the connection.
#include "http1/connection.h"

namespace zc {
// True: it was taken to leave with others, and the connection goes on.
bool Http1Connection::gather(Ref<const Reply>& reply, HeadEnd end) {
  const bool follows = !pending().empty();
  if (close_after_ || has_body_ || exchange_.id != 0 || !(follows || gathered_)) return false;
  if (limits_.pace.rate > 0 || !Gathered::takes(*reply, is_head_)) return false;
  if (!gathered_) gathered_ = std::make_unique<Gathered>(service_);
  gathered_->add(std::move(exchange_), std::move(reply), is_head_, end);
  is_head_ = false;
  await_head();
  return true;
}

// True when all have left.
bool Http1Connection::leave() {
  const bool waited = gathered_->blocked();
  const size_t before = gathered_->sent();
  switch (gathered_->send(*stream_).result) {
    case Io::moved:
      gathered_.reset();
      corked_ = false;
      // Nobody answers what has come behind them.
      if (waited && state_ == State::receive && service_.turn().stopping) linger();
      return true;
    case Io::again:
      // A client that reads has its time anew.
      if (!waited || gathered_->sent() > before) arm(limits_.send_timeout);
      return false;
    default:
      abandon(ExchangeEnd::gone);
      return false;
  }
}

// True when the answer is over and the connection goes on.
bool Http1Connection::send() {
  if (gathered_ && !leave()) return false;
  // Pipelined requests wait behind this one: their replies share segments.
  corked_ = !close_after_ && !pending().empty();
  const std::optional<ExchangeEnd> end = sender_.send(corked_);
  if (!end && is_left()) abandon(ExchangeEnd::gone);
  if (!end) return false;
  if (*end == ExchangeEnd::done) return finish_reply();
  abandon(*end);
  return false;
}

// Does the client, which has half-closed, wait for what may never come? Nothing else would tell that it is not there.
bool Http1Connection::is_left() const {
  return incoming_.peer_ended() && sender_.is_awaiting() && exchange_.body.reply().live;
}

void Http1Connection::on_paged(Exchange&) {
  if (state_ != State::send || !sender_.is_paging()) return;
  sender_.set_paged();
  advance();
}

void Http1Connection::on_fed(Exchange& exchange) {
  if (state_ != State::send) return;
  if (exchange.body.feed()->failed()) return abandon(ExchangeEnd::file_fault);
  if (sender_.is_awaiting()) advance();
}

bool Http1Connection::finish_reply() {
  service_.end(exchange_, ExchangeEnd::done);
  is_head_ = false;
  // The head of an answer that was in flight when we stopped promised more than we keep (RFC 9112 §9.6 lets us).
  if (close_after_ || service_.turn().stopping) {
    // Input that nobody reads would turn our close into a reset, and the reset would eat the answer.
    if (drops_input_ || has_body_ || incoming_.readable() || !pending().empty()) {
      linger();
      return true;
    }
    close();
    return false;
  }
  if (has_body_) {
    state_ = State::drain;
    arm(limits_.header_timeout);
  } else {
    await_head();
  }
  return true;
}

// The next head is here already (pipelined) or comes after a pause.
void Http1Connection::await_head() {
  state_ = State::receive;
  head_begun_ = !pending().empty();
  arm(head_begun_ ? limits_.header_timeout : limits_.keep_alive_timeout);
}

bool Http1Connection::drain_body() {
  for (;;) {
    const bool buffered = !pending().empty();
    std::string_view data = pending();
    if (!buffered) {
      if (!incoming_.readable()) return false;
      const Io io = incoming_.receive(*stream_, service_.turn());
      if (io.result == Io::again) return false;
      if (io.result == Io::closed) {
        close();
        return false;
      }
      data = {service_.turn().scratch.get(), io.bytes};
    }
    size_t used = 0;
    const DrainResult result = drain_.consume(data, used);
    if (buffered) consume(used);
    else if (used < data.size()) input_.assign(data.substr(used));
    if (result == DrainResult::more) continue;
    has_body_ = false;
    if (result == DrainResult::done) await_head();
    // The request is answered already: what cannot be drained ends the connection (RFC 9112 §9.3).
    else linger();
    return true;
  }
}

void Http1Connection::linger() {
  stream_->end_output();
  corked_ = false;
  state_ = State::linger;
  input_ = {};
  used_ = 0;
  // Not readable now is no matter: what comes will be announced.
  lingering_.begin(service_.turn());
  wait_for_end();
}

void Http1Connection::wait_for_end() {
  service_.disarm(*this);
  arm(lingering_.patience(service_.turn()));
}

void Http1Connection::drop_input() {
  switch (lingering_.drop(incoming_, *stream_, service_.turn())) {
    case Lingering::Next::wait:
      return wait_for_end();
    case Lingering::Next::again:
      return service_.requeue(*this);
    case Lingering::Next::over:
      return close();
  }
}

}  // namespace zc
