#include "http2/connection.h"

#include <algorithm>
#include <utility>

#include "http/timing.h"

namespace zc {
namespace {

// A longer buffer is not kept for the next frame.
constexpr size_t kKeptInput = 512;

}  // namespace

Http2Connection::Http2Connection(Service& service, std::unique_ptr<Stream> stream)
    : service_(service),
      limits_(service.limits()),
      stream_(std::move(stream)),
      lifetime_(service.turn().now),
      streams_(*this) {}

void Http2Connection::begin(std::string_view received) {
  input_.assign(received);
  if (limits_.server_timing) hpack_field(timing_, "server-timing", connection_timing("h2", stream_->tls()));
  append_settings(output_.frames(), {{Setting::max_concurrent_streams, kMaxStreams},
                                     {Setting::max_header_list_size, limits_.parse.max_head},
                                     {Setting::no_rfc7540_priorities, 1}});
  expect(kFrame, limits_.header_timeout);
  expect(kAcknowledgement, kSettingsTimeout);
  expect(kIdle, limits_.keep_alive_timeout);
  if (service_.turn().retiring) retire();
}

void Http2Connection::on_events(const StreamEvents& events) {
  if (events.broken) return abandon(ExchangeEnd::gone);
  incoming_.note(events, *stream_);
  if (happened(events, stream_->send_awaits())) blocked_ = false;
  advance();
}

// Goes on until it has to wait: for bytes, for room in the stream or the windows, for TypeScript, for the disk.
void Http2Connection::advance() {
  if (closed) return;
  if (state_ == State::linger) return drop_input();
  receive();
  if (!closed) put_questions();
  const bool held = output_.size() >= kMaxOutput;
  if (!closed) send();
  if (!closed && is_open() && incoming_.ended()) end_stranded();
  // What waits to be read is not announced a second time.
  if (!closed && held && output_.size() < kMaxOutput) service_.requeue(*this);
  if (!closed && is_open() && over_ && streams_.empty()) {
    leave();
    send();
  }
  if (!closed && state_ == State::closing && output_.empty()) part();
}

void Http2Connection::receive() {
  size_t taken = 0;
  if (!input_.empty()) input_.erase(0, take(input_));
  while (is_open() && incoming_.readable() && output_.size() < kMaxOutput) {
    if (taken >= kTurnInput) return service_.requeue(*this);
    const Io io = incoming_.receive(*stream_, service_.turn());
    if (io.result == Io::again) break;
    if (io.result == Io::closed) {
      if (io.error != 0) return abandon(ExchangeEnd::gone);
      over_ = true;
      break;
    }
    taken += io.bytes;
    const std::string_view received(service_.turn().scratch.get(), io.bytes);
    if (input_.empty()) {
      const size_t used = take(received);
      input_.assign(received.substr(used));
    } else {
      input_.append(received);
      input_.erase(0, take(input_));
    }
  }
  if (!is_open() || (input_.empty() && input_.capacity() > kKeptInput)) input_ = {};
}

// Returns how many of the bytes are used: what is left is the beginning of a frame, or waits for our output to leave.
size_t Http2Connection::take(std::string_view bytes) {
  size_t used = 0;
  if (state_ == State::preface) {
    const Preface preface = judge_preface(bytes);
    if (preface == Preface::begun) return 0;
    used = preface == Preface::whole ? kPreface.size() : bytes.size();
    state_ = State::settings;
    if (preface == Preface::another) fail(ErrorCode::protocol_error);
  }
  bool in_frame = false;
  while (is_open() && output_.size() < kMaxOutput) {
    const std::string_view left = bytes.substr(used);
    in_frame = !left.empty();
    if (left.size() < kFrameHeadSize) break;
    const FrameHead head = read_frame_head(left.data());
    if (const auto broken = judge(head)) {
      fail(broken->error);
      break;
    }
    // A body may come as slowly as its client is.
    in_frame = head.type != FrameType::data;
    if (left.size() < kFrameHeadSize + head.size) break;
    used += kFrameHeadSize + head.size;
    on_frame(head, left.substr(kFrameHeadSize, head.size));
  }
  if (is_open()) note_waits(in_frame || block_.stream != 0);
  return used;
}

// What ends the connection whatever the frame holds: known before that is here.
std::optional<Violation> Http2Connection::judge(const FrameHead& head) const {
  const Violation broken{ErrorCode::protocol_error, Violation::connection};
  // §3.4: the client's first frame.
  if (state_ == State::settings && (head.type != FrameType::settings || head.has(kAck))) return broken;
  // §4.3, §6.10: nothing comes between the fragments of a block, and no fragment without one.
  if ((head.type == FrameType::continuation) != (block_.stream != 0)) return broken;
  if (block_.stream != 0 && head.stream != block_.stream) return broken;
  const std::optional<Violation> by_itself = judge_frame_head(head);
  return by_itself && by_itself->scope == Violation::connection ? by_itself : std::nullopt;
}

// The client has half-closed: no WINDOW_UPDATE and no more of a body will come, and nothing tells when it is gone.
void Http2Connection::end_stranded() {
  using State = Http2Stream::State;
  streams_.each([this](Http2Stream& stream) {
    if (stream.receives) finish_content(stream, Received::gone);
    const bool starved = stream.state == State::ready && stream.head_sent && window_ <= 0;
    const bool is_live = stream.state == State::feed && stream.body.reply().live;
    const bool waits = is_live || (stream.state == State::ask && stream.watched);
    if (starved || waits || stream.state == State::blocked) end(stream, ExchangeEnd::gone);
    else if (stream.state == State::drain) end(stream, ExchangeEnd::done);
  });
}

// §5.4.1
void Http2Connection::fail(ErrorCode error, ExchangeEnd how) {
  if (!is_open()) return;
  state_ = State::closing;
  lingers_ = true;
  streams_.each([this, how](Http2Stream& stream) { end(stream, how); });
  say_goaway(error);
  for (auto& deadline : deadlines_) deadline.reset();
  block_ = {};
}

// §6.8: the number may be told again, and no higher one.
void Http2Connection::say_goaway(ErrorCode error) {
  last_told_ = std::min(last_told_, last_stream_);
  append_goaway(output_.frames(), last_told_, error);
}

// Streams that come from now on are refused: their requests may be sent again elsewhere.
void Http2Connection::announce_end() {
  if (std::exchange(over_, true)) return;
  say_goaway(ErrorCode::no_error);
}

// §6.8: nobody's fault.
void Http2Connection::leave() {
  say_goaway(ErrorCode::no_error);
  state_ = State::closing;
  lingers_ = lingers_ || incoming_.readable();
}

void Http2Connection::part() {
  if (!lingers_) return close();
  stream_->end_output();
  state_ = State::linger;
  input_ = {};
  lingering_.begin(service_.turn());
  expect(kLinger, lingering_.patience(service_.turn()));
  drop_input();
}

void Http2Connection::drop_input() {
  switch (lingering_.drop(incoming_, *stream_, service_.turn())) {
    case Lingering::Next::wait:
      return expect(kLinger, lingering_.patience(service_.turn()));
    case Lingering::Next::again:
      return service_.requeue(*this);
    case Lingering::Next::over:
      return close();
  }
}

// §6.8: what the client has sent until it hears of it is answered; a PING tells when it has.
void Http2Connection::retire() {
  constexpr uint32_t kLastOfAll = 0x7fffffff;
  if (!is_open() || over_ || std::exchange(retires_, true)) return;
  append_goaway(output_.frames(), kLastOfAll, ErrorCode::no_error);
  append_ping(output_.frames(), "zcserve!");
  expect(kFarewell, kFarewellTimeout);
  service_.requeue(*this);
}

void Http2Connection::stop() {
  if (state_ != State::linger) return retire();
  lingering_.hasten(service_.turn());
  expect(kLinger, lingering_.patience(service_.turn()));
}

// The client has heard of it, or does not listen.
void Http2Connection::finish() {
  forget(kFarewell);
  if (!is_open()) return;
  if (streams_.empty()) over_ = true;
  else announce_end();
  service_.requeue(*this);
}

void Http2Connection::abandon(ExchangeEnd why) {
  streams_.each([this, why](Http2Stream& stream) { end(stream, why); });
  close();
}

}  // namespace zc
