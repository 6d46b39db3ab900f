#include "http1/connection.h"

#include <utility>

#include "http/timing.h"

namespace zc {
namespace {

// Requests one connection may have answered in a turn before the others get theirs.
constexpr int kTurnRequests = 64;

int status_of(ParseResult result) {
  switch (result) {
    case ParseResult::uri_too_long:
      return 414;
    case ParseResult::fields_too_large:
      return 431;
    case ParseResult::version_not_supported:
      return 505;
    case ParseResult::not_implemented:
      return 501;
    case ParseResult::bad_request:
    case ParseResult::complete:
    case ParseResult::incomplete:
      return 400;
  }
  return 400;
}

}  // namespace

Http1Connection::Http1Connection(Service& service, std::unique_ptr<Stream> stream)
    : service_(service),
      limits_(service.limits()),
      stream_(std::move(stream)),
      lifetime_(service.turn().now),
      exchange_(*this),
      sender_(service, *this, exchange_) {}

void Http1Connection::on_events(const StreamEvents& events) {
  if (events.broken) return abandon(ExchangeEnd::gone);
  incoming_.note(events, *stream_);
  // See Sender::can_go_on.
  if (gathered_ && !happened(events, stream_->send_awaits())) return;
  switch (state_) {
    // Waiting for TypeScript: the event is noted, nothing more can be done with it now.
    case State::answer:
      return on_watch(exchange_);
    case State::send:
      if (is_left()) return abandon(ExchangeEnd::gone);
      if (!sender_.can_go_on(events)) return;
      break;
    case State::receive:
    case State::content:
    case State::drain:
    case State::linger:
      break;
  }
  advance();
}

void Http1Connection::advance() {
  run_turn();
  if (closed) return;
  if (gathered_ && !gathered_->blocked()) leave();
  if (!corked_ || closed) return;
  // The reply that was to follow has to wait: what lies in the stream must not.
  if (stream_->flush().result != Io::again) corked_ = false;
}

// Goes on until it has to wait: for bytes, for room in the stream, for TypeScript, for the disk.
void Http1Connection::run_turn() {
  for (int turn = 0; turn < kTurnRequests; ++turn) {
    if (closed) return;
    switch (state_) {
      case State::receive:
        if (!receive_head()) return;
        break;
      case State::send:
        if (sender_.is_paging() || !send()) return;
        break;
      case State::content:
        if (!receive_content()) return;
        break;
      case State::drain:
        if (!drain_body()) return;
        break;
      case State::linger:
        return drop_input();
      case State::answer:
        return;
    }
  }
  service_.requeue(*this);
}

// True when the state has moved on.
bool Http1Connection::receive_head() {
  if (gathered_ && gathered_->full()) return leave();
  if (!pending().empty() && parse_next(pending(), true)) return true;
  // What is here is no prepared answer's: it waits until those before it have left, and is read again.
  if (gathered_) return leave();
  while (incoming_.readable()) {
    const Io io = incoming_.receive(*stream_, service_.turn());
    if (io.result == Io::again) break;
    if (io.result == Io::closed) {
      if (io.error != 0) abandon(ExchangeEnd::gone);
      else close();
      return false;
    }
    const std::string_view received(service_.turn().scratch.get(), io.bytes);
    if (pending().empty()) {
      if (parse_next(received, false)) return true;
    } else {
      append(received);
      if (parse_next(pending(), true)) return true;
    }
  }
  if (incoming_.ended()) close();
  return false;
}

// `buffered`: the data are the connection's own; otherwise what is not used must be kept.
bool Http1Connection::parse_next(std::string_view data, bool buffered) {
  ParsedHead head;
  const ParseResult result = parse_head(data, limits_.parse, parse_, head);
  if (result == ParseResult::incomplete) {
    if (!buffered) input_.assign(data);
    if (!head_begun_) {
      head_begun_ = true;
      arm(limits_.header_timeout);
    }
    return false;
  }
  parse_ = ParseState{};
  head_begun_ = true;
  if (result != ParseResult::complete) {
    if (gathered_) return false;
    refuse(status_of(result));
    return true;
  }
  const auto joined = [bytes = data.substr(0, head.size)](Field field) { return joined_field(bytes, field); };
  const Turn& turn = service_.turn();
  exchange_.begin(turn.now, head, head.minor_version == 0 ? Protocol::http1_0 : Protocol::http1_1, turn.noted, joined);
  Ref<const Reply> prepared = accept(head);
  if (!prepared && gathered_) return false;
  Request request = prepared ? Request() : copy_of(head, limits_.planned, joined);
  if (buffered) consume(head.size);
  else if (data.size() > head.size) input_.assign(data.substr(head.size));
  judged_ = false;
  if (prepared) {
    start_reply(std::move(prepared));
    return true;
  }
  request.content = content_at_hand();
  state_ = State::answer;
  arm(limits_.send_timeout);
  service_.ask(exchange_, std::move(request));
  return true;
}

// A prepared answer, or null.
Ref<const Reply> Http1Connection::accept(const ParsedHead& head) {
  old_peer_ = head.minor_version == 0;
  is_head_ = head.method == Method::head;
  close_after_ = !head.keep_alive;
  framing_ = {head.chunked, head.expect_continue, head.keep_alive, head.content_length};
  // What nobody receives.
  if (framing_.has_content()) {
    // A client that waits for "100 Continue" gets its final answer instead (RFC 9110 §10.1.1); whether its body
    // still comes is unknown, so the connection ends.
    if (head.expect_continue || head.content_length > limits_.max_drain) {
      close_after_ = drops_input_ = true;
    } else {
      has_body_ = true;
      drain_.start(head.chunked, head.content_length, limits_.max_drain);
    }
  }
  if (limits_.judges_clients && !std::exchange(judged_, true)) {
    if (Ref<const Reply> judgement = service_.judge(*this)) return judgement;
  }
  return service_.find(exchange_, head);
}

void Http1Connection::on_answer(Exchange&, Ref<const Reply> reply) {
  if (state_ == State::content) {
    // An answer behind half an interim one would be read as its fields.
    if (!intake_->interim.empty()) return abandon(ExchangeEnd::gone);
    intake_.reset();
    abandon_content();
  } else if (state_ != State::answer) {
    return;
  }
  start_reply(std::move(reply));
  advance();
}

void Http1Connection::on_watch(Exchange& exchange) {
  if (state_ == State::answer && exchange.watched && incoming_.peer_ended()) abandon(ExchangeEnd::gone);
}

void Http1Connection::refuse(int status) {
  close_after_ = drops_input_ = true;
  has_body_ = is_head_ = false;
  exchange_.begin(service_.turn().now);
  if (Ref<const Reply> error = service_.error(status)) start_reply(std::move(error));
  else linger();
}

void Http1Connection::start_reply(Ref<const Reply> reply) {
  const Turn& turn = service_.turn();
  const bool last = lifetime_.use(limits_, turn.now);
  // RFC 9112 §9.6: nothing behind a last answer is answered; so it is not one of those that have come together.
  if (last || reply->close || turn.stopping || (turn.retiring && pending().empty())) close_after_ = true;
  std::string timing;
  if (limits_.server_timing) timing = connection_timing(old_peer_ ? "http/1.0" : "http/1.1", stream_->tls());
  // RFC 9112 §6.3: of a length that nobody knows; for HTTP/1.0 it ends with the connection.
  const bool fed = reply->way == Way::feed && !is_head_;
  if (fed && old_peer_) close_after_ = true;
  const HeadEnd end{close_after_, old_peer_, fed && !old_peer_, timing};
  if (gather(reply, end)) return;
  state_ = State::send;
  sender_.start(std::move(reply), is_head_, end);
}

void Http1Connection::on_timeout() {
  switch (state_) {
    case State::answer:
      return arm(limits_.send_timeout);
    case State::receive:
      if (gathered_) {
        service_.count_timeout();
        return abandon(ExchangeEnd::timed_out);
      }
      if (!head_begun_) return close();
      service_.count_timeout();
      refuse(408);
      return advance();
    case State::send:
      if (sender_.is_held_back()) return advance();
      service_.count_timeout();
      return abandon(ExchangeEnd::timed_out);
    case State::content:
      service_.count_timeout();
      return abandon(ExchangeEnd::timed_out);
    case State::drain:
      return linger();
    case State::linger:
      return close();
  }
}

void Http1Connection::stop() {
  const bool idle = state_ == State::receive && !head_begun_ && !gathered_;
  if (idle) return close();
  if (state_ != State::linger) return;
  lingering_.hasten(service_.turn());
  wait_for_end();
}

// The answers in progress, if there are any, do not reach their end.
void Http1Connection::abandon(ExchangeEnd why) {
  if (gathered_) gathered_->abandon(why);
  switch (state_) {
    case State::answer:
    case State::content:
    case State::send:
      if (old_peer_ && exchange_.body.feed()) stream_->cut();
      service_.end(exchange_, why);
      break;
    case State::receive:
    case State::drain:
    case State::linger:
      break;
  }
  close();
}

void Http1Connection::append(std::string_view received) {
  // What is used up makes room first, or a client that pipelines without end would fill memory.
  input_.erase(0, used_);
  used_ = 0;
  input_.append(received);
}

void Http1Connection::consume(size_t bytes) {
  used_ += bytes;
  if (used_ < input_.size()) return;
  input_.clear();
  used_ = 0;
}

}  // namespace zc
