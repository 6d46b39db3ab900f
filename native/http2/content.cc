// HTTP/2 on a stream: the content of requests. A first window of it comes with the request; more stays with its client until
// somebody receives it. RFC 9113 §5.2.
#include <algorithm>
#include <utility>

#include "http2/connection.h"

namespace zc {
namespace {

using Phase = Http2Stream::State;

// RFC 9110 §15.2.1
const Reply& continue_reply() {
  static const Ref<const Reply> kept = [] {
    auto reply = make_ref<Reply>();
    reply->status = 100;
    return Ref<const Reply>(std::move(reply));
  }();
  return *kept;
}

}  // namespace

// At once, or when all that has come with it is here.
void Http2Connection::ask(Http2Stream& stream, Request request) {
  if (stream.input_ended || stream.content_length == uint64_t{0}) return service_.ask(stream, std::move(request));
  stream.keeps = true;
  request.content.length = stream.content_length.value_or(Content::kUnknown);
  questions_.emplace_back(stream.number, std::move(request));
}

void Http2Connection::put_questions() {
  if (questions_.empty()) return;
  for (auto& [number, request] : std::exchange(questions_, {})) {
    Http2Stream& stream = *streams_.find(number);
    Content& content = request.content;
    content.is_here = stream.input_ended && stream.content.size() <= kContentAtHand;
    if (content.is_here) content.bytes = take_content(stream);
    service_.ask(stream, std::move(request));
  }
}

void Http2Connection::keep_content(Http2Stream& stream, std::string_view bytes) {
  stream.content.append(bytes);
  if (!stream.receives) unclaimed_ += bytes.size();
  else if (stream.content.size() > stream.most) finish_content(stream, Received::too_large);
  // It does not stand still.
  else if (!bytes.empty()) expect(stream, limits_.send_timeout);
}

// Of what comes from now on nothing is kept.
std::string Http2Connection::take_content(Http2Stream& stream) {
  stream.keeps = false;
  std::string content = std::exchange(stream.content, {});
  if (!stream.receives) unclaimed_ -= content.size();
  credit(0);
  return content;
}

void Http2Connection::on_receive(Exchange& exchange, uint64_t most) {
  auto& stream = static_cast<Http2Stream&>(exchange);
  if (stream.state != Phase::ask || !stream.keeps) return service_.deliver(stream, Received::gone, {});
  unclaimed_ -= stream.content.size();
  stream.most = most;
  service_.requeue(*this);
  if (std::max<uint64_t>(stream.content.size(), stream.content_length.value_or(0)) > most) {
    return finish_content(stream, Received::too_large);
  }
  if (stream.input_ended) return finish_content(stream, Received::whole);
  if (incoming_.ended()) return finish_content(stream, Received::gone);
  if (stream.expects_continue && stream.received == 0) add_early(stream, continue_reply());
  expect(stream, limits_.send_timeout);
  open_input(stream);
  credit(0);
}

void Http2Connection::finish_content(Http2Stream& stream, Received how) {
  stream.deadline.reset();
  std::string content = take_content(stream);
  service_.deliver(stream, how, how == Received::whole ? std::move(content) : std::string());
}

// Room for a window more of it.
void Http2Connection::open_input(Http2Stream& stream) {
  if (stream.input_ended || stream.input_window > kInitialWindow / 2) return;
  append_window_update(output_.frames(), stream.number, static_cast<uint32_t>(kInitialWindow - stream.input_window));
  stream.input_window = kInitialWindow;
}

// The connection's window: there is room again for what was dropped, or is wanted. Too much of what nobody has asked for has
// the client wait, whatever it sends.
void Http2Connection::credit(uint32_t bytes) {
  input_window_ -= bytes;
  if (input_window_ > kInitialWindow / 2 || unclaimed_ > kMaxUnclaimed) return;
  append_window_update(output_.frames(), 0, static_cast<uint32_t>(kInitialWindow - input_window_));
  input_window_ = kInitialWindow;
}

}  // namespace zc
