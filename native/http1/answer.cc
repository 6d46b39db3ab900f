// HTTP/1 on a stream: from the first byte of an answer to the next request, or to the end of the connection.
#include "http1/connection.h"

namespace zc {
namespace {

constexpr int64_t kLingerTimeout = 2000;    // ms for a client to notice that we have closed
constexpr uint64_t kLingerBytes = 1 << 20;  // dropped before the connection is cut all the same

}  // namespace

// True when the answer is over and the connection goes on.
bool Http1Connection::send() {
  const bool verifying = state_ == State::verify;
  state_ = State::send;
  const uint64_t before = exchange_.body.sent();
  // Pipelined requests wait behind this one: their replies share segments.
  corked_ = !close_after_ && !pending().empty();
  const SendResult result = out_.send(*stream_, exchange_.body, limits_, service_.turn().now, corked_);
  service_.count(exchange_, exchange_.body.sent() - before);
  switch (result) {
    case SendResult::done:
      return finish_reply();
    case SendResult::again:
      arm(limits_.send_timeout);
      return false;
    case SendResult::yield:
      arm(limits_.send_timeout);
      service_.requeue(*this);
      return false;
    case SendResult::unacked:
      if (!verifying) arm(limits_.send_timeout);
      state_ = State::verify;
      service_.recheck(*this);
      return false;
    case SendResult::cold:
      return await_page();
    case SendResult::gone:
      abandon(ExchangeEnd::gone);
      return false;
    case SendResult::broken:
      abandon(ExchangeEnd::file_fault);
      return false;
  }
  return false;
}

// False: it waits, or it is over.
bool Http1Connection::await_page() {
  state_ = State::page;
  arm(limits_.send_timeout);
  if (!service_.page_in(exchange_)) {
    // Its disk keeps so many waiting that this one's time would be over too.
    service_.count_timeout();
    abandon(ExchangeEnd::timed_out);
  }
  return false;
}

void Http1Connection::on_paged(Exchange& exchange) {
  if (state_ != State::page) return;
  exchange.body.set_paged(service_.turn().now);
  state_ = State::send;
  advance();
}

bool Http1Connection::finish_reply() {
  service_.end(exchange_, ExchangeEnd::done);
  is_head_ = false;
  // The head of an answer that was in flight when we stopped promised more than we keep (RFC 9112 §9.6 lets us).
  if (close_after_ || service_.turn().stopping) {
    // Input that nobody reads would turn our close into a reset, and the reset would eat the answer.
    if (drops_input_ || has_body_ || readable_ || !pending().empty()) {
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
      if (!readable_) return false;
      const Io io = receive();
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
  service_.disarm(*this);
  arm(kLingerTimeout);
}

bool Http1Connection::drop_input() {
  while (readable_ && lingered_ < kLingerBytes) {
    const Io io = receive();
    if (io.result == Io::again) return false;
    if (io.result != Io::moved) break;
    lingered_ += io.bytes;
  }
  if (input_ended_ || lingered_ >= kLingerBytes) close();
  return false;
}

}  // namespace zc
