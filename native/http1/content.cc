// HTTP/1 on a stream: the content of a request, which its client keeps until somebody receives it. RFC 9112 §6.
#include "http1/connection.h"

namespace zc {
namespace {

// RFC 9110 §15.2.1
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

// What goes along with the question.
Content Http1Connection::content_at_hand() {
  Content content;
  if (!framing_.has_content()) return content;
  content.length = framing_.chunked ? Content::kUnknown : framing_.length;
  if (!framing_.chunked && framing_.length > std::min(pending().size(), kContentAtHand)) return content;
  BodyDrain reader;
  size_t used = 0;
  reader.start(framing_.chunked, framing_.length, kContentAtHand);
  if (reader.consume(pending(), used, &content.bytes) == DrainResult::done) {
    content.is_here = true;
    consume(used);
    take_framing();
  } else {
    content.bytes = {};
  }
  return content;
}

// It was received whole: what follows is the next request.
void Http1Connection::take_framing() {
  close_after_ = !framing_.keep_alive;
  drops_input_ = has_body_ = false;
  framing_ = {};
}

void Http1Connection::on_receive(Exchange&, uint64_t most) {
  if (state_ != State::answer || !framing_.has_content()) return service_.deliver(exchange_, Received::gone, {});
  state_ = State::content;
  intake_ = std::make_unique<Intake>();
  if (!framing_.chunked && framing_.length > most) return finish_content(Received::too_large);
  if (framing_.expects_continue) intake_->interim = kContinue;
  drain_.start(framing_.chunked, framing_.length, most);
  arm(limits_.send_timeout);
  advance();
}

// True when it goes on at once.
bool Http1Connection::receive_content() {
  if (!say_continue()) return false;
  std::string_view data = pending();
  const bool buffered = !data.empty();
  if (!buffered) {
    if (!incoming_.readable()) {
      if (incoming_.ended()) finish_content(Received::gone);
      return false;
    }
    const Io io = incoming_.receive(*stream_, service_.turn());
    if (io.result == Io::again) return false;
    if (io.result == Io::closed) {
      if (io.error != 0) abandon(ExchangeEnd::gone);
      else finish_content(Received::gone);
      return false;
    }
    data = {service_.turn().scratch.get(), io.bytes};
    // It has not stood still.
    arm(limits_.send_timeout);
  }
  size_t used = 0;
  const DrainResult result = drain_.consume(data, used, &intake_->bytes);
  if (buffered) consume(used);
  else if (used < data.size()) input_.assign(data.substr(used));
  switch (result) {
    case DrainResult::more:
      return true;
    case DrainResult::done:
      finish_content(Received::whole);
      break;
    case DrainResult::too_large:
      finish_content(Received::too_large);
      break;
    case DrainResult::bad:
      finish_content(Received::gone);
      break;
  }
  return false;
}

// False: it has to wait.
bool Http1Connection::say_continue() {
  std::string_view& left = intake_->interim;
  while (!left.empty()) {
    const iovec part{const_cast<char*>(left.data()), left.size()};
    const Io io = stream_->send_vector(&part, 1, false);
    if (io.result == Io::again) return false;
    if (io.result != Io::moved) {
      abandon(ExchangeEnd::gone);
      return false;
    }
    left.remove_prefix(io.bytes);
  }
  return true;
}

void Http1Connection::finish_content(Received how) {
  const std::unique_ptr<Intake> taken = std::move(intake_);
  state_ = State::answer;
  arm(limits_.send_timeout);
  if (how == Received::whole) take_framing();
  else abandon_content();
  service_.deliver(exchange_, how, how == Received::whole ? std::move(taken->bytes) : std::string());
}

// Where it ends is not to be found out, or too far away: the connection ends with the answer.
void Http1Connection::abandon_content() {
  close_after_ = drops_input_ = true;
  has_body_ = false;
  framing_ = {};
}

}  // namespace zc
