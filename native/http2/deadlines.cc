// HTTP/2 on a stream: what may take so long, and no longer. One timer for the connection and its streams.
#include "http2/connection.h"

#include <algorithm>

namespace zc {

void Http2Connection::expect(Wait what, int64_t ms) {
  deadlines_[what] = service_.turn().now + ms;
  wake(*deadlines_[what]);
}

void Http2Connection::expect(Http2Stream& stream, int64_t ms) {
  stream.deadline = service_.turn().now + ms;
  wake(*stream.deadline);
}

// A deadline that moves later is looked at when the earlier one comes.
void Http2Connection::wake(int64_t at) {
  if (at >= wake_at_) return;
  wake_at_ = at;
  service_.arm(*this, at - service_.turn().now);
}

void Http2Connection::wake_for_next() {
  int64_t next = INT64_MAX;
  const auto consider = [&next](const std::optional<int64_t>& deadline) { next = std::min(next, deadline.value_or(next)); };
  for (const auto& deadline : deadlines_) consider(deadline);
  streams_.each([&](Http2Stream& stream) { consider(stream.deadline); });
  if (next != INT64_MAX) wake(next);
}

// `in_frame`: a frame or a header block has begun and is not here whole. However it drips, its time is that of a head.
void Http2Connection::note_waits(bool in_frame) {
  if (!in_frame) forget(kFrame);
  else if (!deadlines_[kFrame]) expect(kFrame, limits_.header_timeout);
}

void Http2Connection::on_timeout() {
  wake_at_ = INT64_MAX;
  if (is_over(deadlines_[kLinger])) return close();
  if (is_over(deadlines_[kOutput])) {
    service_.count_timeout();
    return abandon(ExchangeEnd::timed_out);
  }
  if (is_over(deadlines_[kFrame]) || is_over(deadlines_[kWindow])) {
    service_.count_timeout();
    fail(ErrorCode::enhance_your_calm, ExchangeEnd::timed_out);
  } else if (is_over(deadlines_[kAcknowledgement])) {
    fail(ErrorCode::settings_timeout);
  } else if (is_over(deadlines_[kIdle])) {
    over_ = true;
  } else if (is_over(deadlines_[kFarewell])) {
    finish();
  }
  streams_.each([this](Http2Stream& stream) {
    if (is_over(stream.deadline)) end_overdue(stream);
  });
  advance();
  if (!closed) wake_for_next();
}

void Http2Connection::end_overdue(Http2Stream& stream) {
  // Answered: the rest of its body is no longer waited for (§8.1).
  if (stream.state == Http2Stream::State::drain) return reset(stream, ErrorCode::no_error);
  if (stream.state == Http2Stream::State::pace) return schedule(stream);
  service_.count_timeout();
  reset(stream, ErrorCode::cancel, ExchangeEnd::timed_out);
  allow(floods_.allow_reset());
}

}  // namespace zc
