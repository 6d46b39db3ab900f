// HTTP/2 on a stream: requests, from a header block to the end of the body behind it. RFC 9113 §8.1.
#include "http2/connection.h"

#include <algorithm>

#include "http/grammar.h"

namespace zc {
namespace {

int status_of(RequestResult result) {
  switch (result) {
    case RequestResult::uri_too_long:
      return 414;
    case RequestResult::fields_too_large:
      return 431;
    case RequestResult::bad_request:
    case RequestResult::malformed:
    case RequestResult::complete:
      return 400;
  }
  return 400;
}

}  // namespace

void Http2Connection::on_headers(const Frame& frame) {
  // §5.1.1: a client's streams have odd numbers.
  if (frame.head.stream % 2 == 0) return fail(ErrorCode::protocol_error);
  const bool ends = frame.head.has(kEndStream);
  if (frame.head.has(kEndHeaders)) return on_block(frame.head.stream, ends, frame.payload);
  block_ = {frame.head.stream, ends, 1, std::string(frame.payload)};
}

void Http2Connection::on_continuation(const Frame& frame) {
  block_.bytes += frame.payload;
  if (++block_.fragments > kMaxFragments || block_.bytes.size() > kMaxBlockHeads * limits_.parse.max_head) {
    return fail(ErrorCode::enhance_your_calm);
  }
  if (!frame.head.has(kEndHeaders)) return;
  const Block block = std::exchange(block_, {});
  on_block(block.stream, block.ends_stream, block.bytes);
}

void Http2Connection::on_block(uint32_t number, bool ends, std::string_view bytes) {
  Http2Stream* const known = streams_.find(number);
  // §5.1: after its end only what was on its way when we reset it.
  if (known && known->input_ended) return fail(ErrorCode::stream_closed);
  if (!known && number <= last_stream_ && !streams_.was_reset(number)) return fail(ErrorCode::protocol_error);
  // Every block is read, or the next would mean something else (§4.3).
  thread_local HeaderList list;
  list.clear();
  const HpackResult result = decoder_.decode(bytes, limits_.parse.max_head, list);
  if (result == HpackResult::broken) return fail(ErrorCode::compression_error);
  if (known) return on_trailers(*known, ends, list);
  if (number <= last_stream_) return;
  last_stream_ = number;
  if (over_) return refuse_stream(number, ErrorCode::refused_stream);
  if (streams_.size() >= kMaxStreams) {
    refuse_stream(number, ErrorCode::refused_stream);
    return allow(floods_.allow_reset());
  }
  on_request(number, ends, list, result == HpackResult::too_large);
}

void Http2Connection::on_request(uint32_t number, bool ends, const HeaderList& list, bool too_large) {
  Http2Request request;
  RequestResult result = read_request(list, limits_.parse, request);
  if (too_large) result = RequestResult::fields_too_large;
  const bool lies = ends && request.content_length.value_or(0) > 0;
  if (result == RequestResult::malformed || lies) {
    refuse_stream(number, ErrorCode::protocol_error);
    return allow(floods_.allow_reset());
  }
  Http2Stream& stream = streams_.open(number);
  forget(kIdle);
  const auto joined = [&list](Field field) { return joined_lines(list, field); };
  const Turn& turn = service_.turn();
  stream.begin(turn.now, request, Protocol::http2, turn.noted, joined);
  if (lifetime_.use(limits_, turn.now)) announce_end();
  stream.window = peer_.initial_window;
  stream.input_window = kInitialWindow;
  stream.input_ended = ends;
  stream.content_length = request.content_length;
  stream.is_head = request.method == Method::head;
  if (const auto early = early_.take(number)) stream.priority = *early;
  else if (request.priority) stream.priority = read_priority(*request.priority);
  if (result != RequestResult::complete) return refuse(stream, status_of(result));
  // RFC 9110 §15.5.20: for a name that the client was shown no certificate of.
  if (!stream_->serves(request.fields[kHost])) return refuse(stream, 421);
  if (limits_.judges_clients) {
    if (Ref<const Reply> judgement = service_.judge(*this)) return start(stream, std::move(judgement));
  }
  if (Ref<const Reply> prepared = service_.find(stream, request)) return start(stream, std::move(prepared));
  stream.expects_continue = list_has(request.fields[kExpect], "100-continue");
  ask(stream, copy_of(request, limits_.planned, joined));
}

void Http2Connection::on_trailers(Http2Stream& stream, bool ends, const HeaderList& list) {
  if (ends && are_trailers(list)) return end_input(stream);
  reset(stream, ErrorCode::protocol_error);
  allow(floods_.allow_reset());
}

void Http2Connection::on_data(const Frame& frame) {
  const uint32_t size = frame.head.size;
  const uint32_t number = frame.head.stream;
  // §5.1: idle, or ended, and not by us.
  if (is_idle(number)) return fail(ErrorCode::protocol_error);
  Http2Stream* const stream = streams_.find(number);
  if (stream ? stream->input_ended : !streams_.was_reset(number)) return fail(ErrorCode::stream_closed);
  // §6.9: padding counts.
  if (size > input_window_) return fail(ErrorCode::flow_control_error);
  credit(size);
  const bool ends = frame.head.has(kEndStream);
  if (frame.payload.empty() && !ends) allow(floods_.allow(Floods::empty, service_.turn().now));
  if (!stream || !is_open()) return;
  stream->received += frame.payload.size();
  const bool too_much = stream->received > stream->content_length.value_or(UINT64_MAX);
  if (size > stream->input_window || too_much) {
    reset(*stream, too_much ? ErrorCode::protocol_error : ErrorCode::flow_control_error);
    return allow(floods_.allow_reset());
  }
  stream->input_window -= size;
  if (stream->keeps) keep_content(*stream, frame.payload);
  if (ends) return end_input(*stream);
  if (stream->keeps) {
    if (stream->receives) open_input(*stream);
    return;
  }
  // What is more than we drain is not made room for: it comes no further than the window.
  if (stream->received > limits_.max_drain) {
    if (stream->state == Http2Stream::State::drain) reset(*stream, ErrorCode::no_error);
    return;
  }
  open_input(*stream);
}

void Http2Connection::end_input(Http2Stream& stream) {
  // §8.1.1
  if (stream.content_length && *stream.content_length != stream.received) {
    reset(stream, ErrorCode::protocol_error);
    return allow(floods_.allow_reset());
  }
  stream.input_ended = true;
  if (stream.receives) finish_content(stream, Received::whole);
  if (stream.state == Http2Stream::State::drain) end(stream, ExchangeEnd::done);
}

void Http2Connection::refuse(Http2Stream& stream, int status) {
  if (Ref<const Reply> error = service_.error(status)) return start(stream, std::move(error));
  service_.begin(stream);
  reset(stream, ErrorCode::internal_error);
}

// A stream that never was.
void Http2Connection::refuse_stream(uint32_t number, ErrorCode error) {
  append_rst_stream(output_.frames(), number, error);
  streams_.remember_reset(number);
}

void Http2Connection::reset(Http2Stream& stream, ErrorCode error, ExchangeEnd how) {
  // Answered, and its client does not know yet that no more of its request is wanted.
  if (error == ErrorCode::no_error) lingers_ = true;
  refuse_stream(stream.number, error);
  end(stream, how);
}

void Http2Connection::end(Http2Stream& stream, ExchangeEnd how) {
  put_questions();
  if (stream.keeps) take_content(stream);
  if (stream.state == Http2Stream::State::ready) schedule_.remove(stream);
  if (stream.state != Http2Stream::State::drain) service_.end(stream, how);
  streams_.close(stream);
  if (streams_.empty()) expect(kIdle, limits_.keep_alive_timeout);
}

}  // namespace zc
