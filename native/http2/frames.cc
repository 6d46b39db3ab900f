// HTTP/2 on a stream: what each frame does. RFC 9113 §6.
#include "http2/connection.h"

namespace zc {

void Http2Connection::on_frame(const FrameHead& head, std::string_view payload) {
  Frame frame;
  std::optional<Violation> broken = judge_frame_head(head);
  if (!broken) broken = read_frame(head, payload, frame);
  if (broken && broken->scope == Violation::connection) return fail(broken->error);
  if (broken) {
    // §5.4.2
    if (Http2Stream* stream = streams_.find(head.stream)) reset(*stream, broken->error);
    else if (is_idle(head.stream)) return fail(broken->error);
    else refuse_stream(head.stream, broken->error);
    return allow(floods_.allow_reset());
  }
  const int64_t now = service_.turn().now;
  switch (head.type) {
    case FrameType::data:
      return on_data(frame);
    case FrameType::headers:
      return on_headers(frame);
    case FrameType::continuation:
      return on_continuation(frame);
    case FrameType::rst_stream:
      return on_rst_stream(frame);
    case FrameType::settings:
      return on_settings(frame);
    case FrameType::ping:
      if (head.has(kAck)) {
        if (retires_) finish();
        return;
      }
      append_ping_ack(output_.frames(), payload);
      return allow(floods_.allow(Floods::ping, now));
    case FrameType::goaway:
      over_ = true;
      return;
    case FrameType::window_update:
      return on_window_update(frame);
    case FrameType::priority_update:
      return on_priority_update(frame);
    case FrameType::push_promise:
    case FrameType::priority:
      break;
  }
  allow(floods_.allow(Floods::chatter, now));
}

// §10.5: too much of what brings nothing.
void Http2Connection::allow(bool allowed) {
  if (!allowed) fail(ErrorCode::enhance_your_calm);
}

void Http2Connection::on_settings(const Frame& frame) {
  if (frame.head.has(kAck)) return forget(kAcknowledgement);
  const int64_t before = peer_.initial_window;
  if (const auto broken = apply_settings(frame.payload, peer_)) return fail(broken->error);
  if (state_ == State::settings) state_ = State::open;
  append_settings_ack(output_.frames());
  // §6.9.2: what is under way gains or loses the difference.
  bool fits = true;
  const int64_t by = peer_.initial_window - before;
  if (by != 0) streams_.each([&](Http2Stream& stream) { fits = widen(stream, by) && fits; });
  if (!fits) return fail(ErrorCode::flow_control_error);
  allow(floods_.allow(Floods::settings, service_.turn().now));
}

// §6.9.1. False: beyond what a window may be.
bool Http2Connection::widen(Http2Stream& stream, int64_t by) {
  stream.window += by;
  if (stream.window > kMaxWindow) return false;
  if (stream.state == Http2Stream::State::blocked && stream.window > 0) schedule(stream);
  return true;
}

void Http2Connection::on_window_update(const Frame& frame) {
  allow(floods_.allow_update());
  if (!is_open()) return;
  if (frame.head.stream == 0) {
    window_ += frame.number;
    forget(kWindow);
    if (window_ > kMaxWindow) fail(ErrorCode::flow_control_error);
    return;
  }
  if (is_idle(frame.head.stream)) return fail(ErrorCode::protocol_error);
  Http2Stream* const stream = streams_.find(frame.head.stream);
  if (!stream || widen(*stream, frame.number)) return;
  reset(*stream, ErrorCode::flow_control_error);
  allow(floods_.allow_reset());
}

void Http2Connection::on_rst_stream(const Frame& frame) {
  if (is_idle(frame.head.stream)) return fail(ErrorCode::protocol_error);
  if (Http2Stream* stream = streams_.find(frame.head.stream)) end(*stream, ExchangeEnd::gone);
  allow(floods_.allow_reset());
}

// RFC 9218 §7.1
void Http2Connection::on_priority_update(const Frame& frame) {
  allow(floods_.allow(Floods::chatter, service_.turn().now));
  if (!is_open()) return;
  const Priority priority = read_priority(frame.payload);
  if (Http2Stream* const stream = streams_.find(frame.number)) {
    const bool scheduled = stream->state == Http2Stream::State::ready;
    if (scheduled) schedule_.remove(*stream);
    stream->priority = priority;
    if (scheduled) schedule_.add(*stream);
  } else if (is_idle(frame.number)) {
    early_.keep(frame.number, priority, last_stream_);
    // No more are told of than may be open.
    if (streams_.size() + early_.size() > kMaxStreams) fail(ErrorCode::protocol_error);
  }
}

}  // namespace zc
