// HTTP/2 on a stream: from a reply to the frames that carry it, and which go first. RFC 9113 §5.2, RFC 9218 §10.
#include <algorithm>

#include "http2/block.h"
#include "http2/connection.h"

namespace zc {

using Phase = Http2Stream::State;

namespace {

/**
 * Puts `left` bytes, which come in pieces, into frames that every peer takes (§4.2). `head_of(size, is_last)` gives the
 * head of the next one.
 */
template <class HeadOf>
class FrameCutter {
 public:
  FrameCutter(Batch& batch, uint64_t left, HeadOf head_of) : batch_(batch), left_(left), head_of_(head_of) {}

  void add(std::string_view piece) {
    while (!piece.empty()) {
      if (room_ == 0) {
        room_ = static_cast<uint32_t>(std::min<uint64_t>(left_, kMinMaxFrame));
        left_ -= room_;
        batch_.add(head_of_(room_, left_ == 0));
      }
      const size_t size = std::min<size_t>(piece.size(), room_);
      batch_.add(piece.substr(0, size));
      piece.remove_prefix(size);
      room_ -= static_cast<uint32_t>(size);
    }
  }

 private:
  Batch& batch_;
  uint64_t left_;
  HeadOf head_of_;
  uint32_t room_ = 0;
};

}  // namespace

void Http2Connection::on_answer(Exchange& exchange, Ref<const Reply> reply) {
  auto& stream = static_cast<Http2Stream&>(exchange);
  if (stream.state != Phase::ask) return;
  start(stream, std::move(reply));
  service_.requeue(*this);
}

void Http2Connection::start(Http2Stream& stream, Ref<const Reply> reply) {
  if (reply->early && !stream.is_head) add_early(stream, *reply->early);
  if (stream.keeps) take_content(stream);
  // What is left of it shall come, as far as it is drained.
  if (stream.received <= limits_.max_drain) open_input(stream);
  // Frames are made of bytes: those of a file are read, whatever the stream could take.
  stream.body.start(std::move(reply), stream.is_head, false, false);
  stream.answered = service_.turn().now;
  service_.begin(stream);
  schedule(stream);
}

// §8.1, RFC 8297 §2: ahead of the answer, whatever that waits for. What is longer than a frame is no hint.
void Http2Connection::add_early(const Http2Stream& stream, const Reply& early) {
  const std::string_view block = block_of(early);
  const std::string_view table = first_block_ ? kNoTable : std::string_view();
  const size_t size = table.size() + block.size();
  if (size > kMinMaxFrame) return;
  first_block_ = false;
  append_headers(output_.frames(), stream.number, table, block);
}

void Http2Connection::schedule(Http2Stream& stream) {
  stream.state = Phase::ready;
  stream.deadline.reset();
  schedule_.add(stream);
}

void Http2Connection::unschedule(Http2Stream& stream, Http2Stream::State state) {
  schedule_.remove(stream);
  stream.state = state;
}

// As much as the peer takes, up to a turn's share. All answers that are ready go together.
void Http2Connection::send() {
  for (uint64_t sent = 0; !blocked_;) {
    if (sent >= limits_.send_chunk) return service_.requeue(*this);
    Batch batch;
    if (!full_) gather(batch);
    if (batch.empty() && output_.empty()) break;
    const Io io = output_.send(*stream_, batch.parts(), batch.count(), false);
    if (io.result != Io::moved && io.result != Io::again) return abandon(ExchangeEnd::gone);
    settle_served();
    blocked_ = io.result == Io::again;
    full_ = !output_.empty();
    sent += batch.size();
    // A client that reads has its time anew.
    if (!full_) forget(kOutput);
    else if (!blocked_ || !deadlines_[kOutput]) expect(kOutput, limits_.send_timeout);
  }
  const bool starved = window_ <= 0 && !full_ && !schedule_.empty();
  if (starved && !deadlines_[kWindow]) expect(kWindow, limits_.send_timeout);
}

void Http2Connection::gather(Batch& batch) {
  ++batch_;
  while (batch.size() < kBatch && batch.has_room() && window_ > 0) {
    Http2Stream* const stream = schedule_.first();
    // Its buffer holds what it has in this batch.
    if (!stream || stream->batch == batch_) return;
    if (serve(batch, *stream, kBatch - batch.size())) served_.push_back(stream);
  }
  if (window_ > 0) return;
  // Heads, and what is empty, need no window.
  schedule_.each([&](Http2Stream& stream) {
    if ((stream.head_sent && !stream.body.ended()) || !batch.has_room()) return;
    if (serve(batch, stream, 0)) served_.push_back(&stream);
  });
}

// True: something of it is in the batch. Otherwise it may end before that is sent, and be no more.
bool Http2Connection::serve(Batch& batch, Http2Stream& stream, uint64_t most) {
  stream.batch = batch_;
  const bool begins = !stream.head_sent;
  if (stream.body.ended()) {
    if (begins) add_head(batch, stream, true);
    else add_end(batch, stream);
    unschedule(stream, Phase::written);
    return true;
  }
  const int64_t elapsed = service_.turn().now - stream.answered;
  const uint64_t share = limits_.pace.allows(stream.body.sent(), elapsed);
  const int64_t open = std::min(stream.window, window_);
  if (open <= 0) {
    if (begins) add_head(batch, stream, false);
    if (stream.window > 0) return begins;
    // What was paged in for it is kept by the system, not here.
    stream.body.drop_window();
    unschedule(stream, Phase::blocked);
    expect(stream, limits_.send_timeout);
    return begins;
  }
  if (share == 0) {
    stream.body.drop_window();
    unschedule(stream, Phase::pace);
    expect(stream, limits_.pace.wait(stream.body.sent(), elapsed));
    return false;
  }
  iovec parts[Batch::kPieces];
  const uint64_t size = std::min({most, share, static_cast<uint64_t>(open)});
  const BodyNext next = stream.body.next(parts, Batch::kPieces, size, service_.turn().now);
  switch (next.kind) {
    case BodyNext::memory:
      if (begins) add_head(batch, stream, false);
      add_body(batch, stream, parts, next);
      return true;
    case BodyNext::cold:
      page(stream);
      return false;
    case BodyNext::awaited:
      if (begins) add_head(batch, stream, false);
      unschedule(stream, Phase::feed);
      return begins;
    case BodyNext::file:
    case BodyNext::held:
    case BodyNext::done:
    case BodyNext::broken:
      reset(stream, ErrorCode::internal_error, ExchangeEnd::file_fault);
      return false;
  }
  return false;
}

// §6.2, §6.10
void Http2Connection::add_head(Batch& batch, Http2Stream& stream, bool ends) {
  stream.head_sent = true;
  const std::string_view table = std::exchange(first_block_, false) ? kNoTable : std::string_view();
  const std::string_view pieces[] = {table, block_of(stream.body.reply()), date_block(service_.turn().date), timing_};
  size_t total = 0;
  for (const std::string_view piece : pieces) total += piece.size();
  FrameHead next{0, FrameType::headers, ends ? kEndStream : kNoFlags, stream.number};
  FrameCutter frames(batch, total, [&next](uint32_t size, bool is_last) {
    FrameHead head = std::exchange(next, {0, FrameType::continuation, kNoFlags, next.stream});
    head.size = size;
    if (is_last) head.flags |= kEndHeaders;
    return head;
  });
  for (const std::string_view piece : pieces) frames.add(piece);
}

// §6.1
void Http2Connection::add_body(Batch& batch, Http2Stream& stream, const iovec* parts, const BodyNext& next) {
  uint64_t total = 0;
  for (size_t i = 0; i < next.count; ++i) total += parts[i].iov_len;
  FrameCutter frames(batch, total, [&](uint32_t size, bool is_last) {
    floods_.sent_frame();
    return FrameHead{size, FrameType::data, is_last && !next.more ? kEndStream : kNoFlags, stream.number};
  });
  for (size_t i = 0; i < next.count; ++i) {
    frames.add({static_cast<const char*>(parts[i].iov_base), parts[i].iov_len});
  }
  stream.body.advance(total);
  stream.window -= static_cast<int64_t>(total);
  window_ -= static_cast<int64_t>(total);
  service_.count(stream, total);
  if (!next.more) return unschedule(stream, Phase::written);
  if (stream.window > 0) return schedule_.rotate(stream);
  unschedule(stream, Phase::blocked);
  expect(stream, limits_.send_timeout);
}

// §6.1: after the last byte it became known that it was the last.
void Http2Connection::add_end(Batch& batch, Http2Stream& stream) {
  floods_.sent_frame();
  batch.add(FrameHead{0, FrameType::data, kEndStream, stream.number});
}

// The others go on meanwhile.
void Http2Connection::page(Http2Stream& stream) {
  unschedule(stream, Phase::page);
  expect(stream, limits_.send_timeout);
  if (service_.page_in(stream)) return;
  // Its disk keeps so many waiting that this one's time would be over too.
  service_.count_timeout();
  reset(stream, ErrorCode::cancel, ExchangeEnd::timed_out);
}

void Http2Connection::on_paged(Exchange& exchange) {
  auto& stream = static_cast<Http2Stream&>(exchange);
  if (stream.state != Phase::page) return;
  stream.body.set_paged(service_.turn().now);
  schedule(stream);
  service_.requeue(*this);
}

void Http2Connection::on_fed(Exchange& exchange) {
  auto& stream = static_cast<Http2Stream&>(exchange);
  const bool ends = stream.body.ended();
  if (stream.body.feed()->failed()) reset(stream, ErrorCode::internal_error, ExchangeEnd::file_fault);
  // The end needs no window.
  else if (stream.state == Phase::feed || (stream.state == Phase::blocked && ends)) schedule(stream);
  service_.requeue(*this);
}

// The batch has left, or a copy of it waits: nothing points at the bodies any more.
void Http2Connection::settle_served() {
  for (Http2Stream* const stream : served_) {
    if (stream->state == Phase::written) finish(*stream);
    else stream->body.drop_window();
  }
  served_.clear();
}

void Http2Connection::finish(Http2Stream& stream) {
  service_.end(stream, ExchangeEnd::done);
  floods_.answered();
  stream.state = Phase::drain;
  if (stream.input_ended) return end(stream, ExchangeEnd::done);
  const uint64_t expected = std::max(stream.received, stream.content_length.value_or(0));
  // §8.1: whole is the answer, and what is left of the request is more than we wait for.
  if (expected > limits_.max_drain) return reset(stream, ErrorCode::no_error);
  expect(stream, limits_.header_timeout);
}

}  // namespace zc
