// What is held of one connection of HTTP/2, each claim with its own few frames, for http2_fuzz.
#pragma once
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "http2/block.h"
#include "http2/connection.h"
#include "test/client_frames.h"
#include "test/desk.h"
#include "test/fuzz.h"
#include "test/record_stream.h"

namespace zc {

/** A promise that was broken is a crash, which the fuzzer repeats. */
inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  fuzz::report_position();
  std::abort();
}

/** A request for the path, whole. */
inline std::string get(uint32_t number, std::string_view path) {
  const std::string block = "\x82\x86" + line(":path", path) + line(":authority", "a");
  return frame(FrameType::headers, kEndHeaders | kEndStream, number, block);
}

/** Bytes of bodies that were sent. */
inline uint64_t sum_of_data(std::string_view output) {
  uint64_t sum = 0;
  while (output.size() >= kFrameHeadSize) {
    const FrameHead head = read_frame_head(output.data());
    if (head.type == FrameType::data) sum += head.size;
    output.remove_prefix(std::min<size_t>(kFrameHeadSize + head.size, output.size()));
  }
  return sum;
}

/** Is it the block of a 103, as we write it? */
inline bool is_early(std::string_view block) {
  std::string status;
  hpack_status(status, 103);
  if (block.substr(0, kNoTable.size()) == kNoTable) block.remove_prefix(kNoTable.size());
  return block.substr(0, status.size()) == status;
}

/** The types of a stream's frames in their order, an initial each: e of a 103's HEADERS, E where it ends the stream. */
inline std::string shape_of(std::string_view output, uint32_t stream) {
  std::string shape;
  while (output.size() >= kFrameHeadSize) {
    const FrameHead head = read_frame_head(output.data());
    const std::string_view payload = output.substr(kFrameHeadSize, head.size);
    output.remove_prefix(std::min<size_t>(kFrameHeadSize + head.size, output.size()));
    if (head.stream != stream) continue;
    if (head.type == FrameType::headers) shape += is_early(payload) ? (head.has(kEndStream) ? 'E' : 'e') : 'h';
    if (head.type == FrameType::data) shape += 'd';
    if (head.type == FrameType::rst_stream) shape += 'r';
  }
  return shape;
}

inline Ref<const Reply> early_reply(Way way, const std::string& link) {
  auto early = make_ref<Reply>();
  early->status = 103;
  early->fields = "Link: " + link + "\r\n";
  Ref<Reply> reply = reply_of(way, pattern(40'000));
  reply->early = std::move(early);
  return reply;
}

/** RFC 8297: a 103 comes before its answer, also where that waits: for the disk, for room in the windows. */
inline void check_early() {
  Desk desk;
  const Ref<const Reply> cold = early_reply(Way::read, "<a>; rel=preload");
  fdatasync(cold->file->fd());
  posix_fadvise(cold->file->fd(), 0, 0, POSIX_FADV_DONTNEED);
  desk.prepared = {{"/page", early_reply(Way::bytes, "<a>; rel=preload")},
                   {"/cold", cold},
                   {"/long", early_reply(Way::bytes, std::string(kMinMaxFrame, '\x7f'))}};
  auto made = std::make_unique<RecordStream>(RecordStream::Habits{});
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));
  const std::string head = "\x86" + line(":method", "HEAD") + line(":path", "/page") + line(":authority", "a");
  connection.begin(std::string(kPreface) + initial_window(0) + frame(FrameType::settings, kAck, 0, "") + get(1, "/page") +
                   frame(FrameType::headers, kEndHeaders | kEndStream, 3, head) + get(5, "/long") + get(7, "/cold"));
  connection.on_events({});
  require(shape_of(stream.output, 1) == "eh", "a 103 and the head need no window");
  require(shape_of(stream.output, 3) == "h", "HEAD has the answer alone");
  require(shape_of(stream.output, 5) == "h", "so has what is longer than a frame");
  stream.deliver(initial_window(100'000));
  StreamEvents readable;
  readable.readable = true;
  connection.on_events(readable);
  require(shape_of(stream.output, 1).substr(0, 3) == "ehd", "the body follows");
  require(shape_of(stream.output, 7).front() == 'e', "a 103 waits for no disk");
  connection.abandon(ExchangeEnd::gone);
}

/** §6.5.3: whoever never acknowledges our settings. */
inline void check_settings_timeout() {
  Desk desk;
  desk.limits_to_set().header_timeout = desk.limits_to_set().keep_alive_timeout = 1'000'000;
  auto made = std::make_unique<RecordStream>(RecordStream::Habits{});
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));
  connection.begin(std::string(kPreface) + frame(FrameType::settings, 0, 0, ""));
  connection.on_events({});
  require(!connection.closed && desk.due && *desk.due == kSettingsTimeout, "settings have their time");
  desk.pass_time();
  connection.on_timeout();
  const std::string goaway = frame(FrameType::goaway, 0, 0, big_endian(0) + big_endian(static_cast<uint32_t>(ErrorCode::settings_timeout)));
  require(stream.output.find(goaway) != std::string::npos && stream.output_ended, "and then the connection ends");
}

/** Whoever takes a byte a second has its time anew with each; whoever stops has it once. */
inline void check_slow_reader() {
  Desk desk;
  desk.prepared = {{"/large", reply_of(Way::bytes, pattern(200'000))}};
  desk.limits_to_set().header_timeout = desk.limits_to_set().keep_alive_timeout = 1'000'000;
  desk.limits_to_set().send_timeout = 2'000;
  auto made = std::make_unique<RecordStream>(RecordStream::Habits{});
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));
  connection.begin(std::string(kPreface) + initial_window(1) + frame(FrameType::settings, kAck, 0, "") + get(1, "/large"));
  connection.on_events({});
  const auto pass = [&](int64_t ms) {
    desk.pass(ms);
    if (desk.is_due()) connection.on_timeout();
  };
  for (uint64_t seconds = 1; seconds <= 1'000; ++seconds) {
    require(sum_of_data(stream.output) == seconds, "as many bytes as there is room for");
    pass(1'000);
    stream.deliver(frame(FrameType::window_update, 0, 1, big_endian(1)));
    StreamEvents readable;
    readable.readable = true;
    connection.on_events(readable);
  }
  const std::string cancel = frame(FrameType::rst_stream, 0, 1, big_endian(static_cast<uint32_t>(ErrorCode::cancel)));
  require(stream.output.find(cancel) == std::string::npos && desk.timeouts == 0, "a slow reader is waited for");
  pass(2'001);
  require(stream.output.find(cancel) != std::string::npos && desk.timeouts == 1, "one that has stopped is not");
  connection.abandon(ExchangeEnd::gone);
}

/** Each stream has a pace of its own; who waits for us is not slow. */
inline void check_pace() {
  Desk desk;
  desk.prepared = {{"/large", reply_of(Way::bytes, pattern(200'000))}, {"/hot", reply_of(Way::bytes, "hello")}};
  desk.limits_to_set().header_timeout = desk.limits_to_set().keep_alive_timeout = 1'000'000;
  desk.limits_to_set().send_timeout = 300;
  desk.limits_to_set().pace = {1'000, 500};
  RecordStream::Habits habits;
  habits.record = 1 << 20;
  auto made = std::make_unique<RecordStream>(habits);
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));
  connection.begin(std::string(kPreface) + initial_window(1'000'000) + frame(FrameType::settings, kAck, 0, "") +
                   frame(FrameType::window_update, 0, 0, big_endian(1'000'000)) + get(1, "/large") + get(3, "/large"));
  connection.on_events({});
  require(sum_of_data(stream.output) == 2 * 1'500, "what is free, and the first second's, go at once");
  for (uint64_t seconds = 1; seconds <= 100; ++seconds) {
    desk.pass(500);
    if (desk.is_due()) connection.on_timeout();
    desk.pass(500);
    if (desk.is_due()) connection.on_timeout();
    require(sum_of_data(stream.output) == 2 * (1'500 + seconds * 1'000), "then so many in a second");
  }
  require(desk.timeouts == 0 && !connection.closed, "who waits for us is not slow");
  stream.deliver(get(5, "/hot"));
  StreamEvents readable;
  readable.readable = true;
  connection.on_events(readable);
  require(desk.ended.size() == 1, "others go on meanwhile");
  connection.abandon(ExchangeEnd::gone);
}

/** A stream may have its turn and nothing to send: nobody remembers it for that. More of them than are kept spare. */
inline void check_narrowed_windows() {
  constexpr uint32_t kStreams = 20;
  Desk desk;
  desk.prepared = {{"/large", reply_of(Way::bytes, pattern(200'000))}, {"/hot", reply_of(Way::bytes, "hello")}};
  RecordStream::Habits habits;
  habits.record = 1 << 20;
  habits.full_often = true;
  auto made = std::make_unique<RecordStream>(habits);
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));
  const auto on_all = [](FrameType type, uint32_t value) {
    std::string frames;
    for (uint32_t i = 0; i < kStreams; ++i) frames += frame(type, 0, 2 * i + 1, big_endian(value));
    return frames;
  };
  const auto receive = [&](std::string_view frames, bool writable) {
    stream.deliver(frames);
    StreamEvents event;
    event.readable = !frames.empty();
    event.writable = stream.granted = writable;
    connection.on_events(event);
  };
  std::string requests;
  for (uint32_t i = 0; i < kStreams; ++i) requests += get(2 * i + 1, "/large");
  connection.begin();
  receive(std::string(kPreface) + initial_window(1000) + requests, true);
  receive(frame(FrameType::ping, 0, 0, "12345678"), false);
  require(stream.sends == 2, "the answer to the ping finds no room");
  // They are to go on as soon as there is, and then they must not.
  receive(on_all(FrameType::window_update, 1000) + initial_window(0), false);
  receive("", true);
  constexpr uint32_t kLast = 2 * kStreams + 1;
  receive(on_all(FrameType::rst_stream, 8) + get(kLast, "/hot") + frame(FrameType::window_update, 0, kLast, big_endian(5)), false);
  receive("", true);
  require(sum_of_data(stream.output) == kStreams * 1000 + 5, "what is sent is what the windows allow");
  require(desk.live.empty() && !connection.closed, "they have ended, and the connection goes on");
}

/** A body that is made while it is sent: within the windows and the pace, with an end that needs no window, or none at all. */
inline void check_feed() {
  Desk desk;
  desk.prepared = {{"/fed", reply_of(Way::feed, "")}};
  desk.limits_to_set().header_timeout = desk.limits_to_set().keep_alive_timeout = 1'000'000;
  desk.limits_to_set().send_timeout = 300;
  RecordStream::Habits habits;
  habits.record = 1 << 20;
  auto made = std::make_unique<RecordStream>(habits);
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));
  const auto turn = [&] {
    while (desk.queued && !connection.closed) std::exchange(desk.queued, nullptr)->on_turn();
  };
  const auto ask = [&](uint32_t number) -> Exchange& {
    stream.deliver(get(number, "/fed"));
    StreamEvents readable;
    readable.readable = true;
    connection.on_events(readable);
    return **desk.live.begin();
  };
  const auto has = [&stream](const std::string& bytes) { return stream.output.find(bytes) != std::string::npos; };
  connection.begin(std::string(kPreface) + initial_window(1'000) + frame(FrameType::settings, kAck, 0, ""));
  connection.on_events({});
  Exchange& first = ask(1);
  require(!stream.output.empty() && sum_of_data(stream.output) == 0, "the head does not wait");
  desk.pass(301);
  if (desk.is_due()) connection.on_timeout();
  require(desk.live.size() == 1 && desk.timeouts == 0, "who waits for us is not slow");
  feed(first, pattern(600));
  turn();
  feed(first, pattern(600));
  turn();
  require(sum_of_data(stream.output) == 1'000, "no more than the window");
  require(first.body.feed()->take_spent() == 600, "what has left whole is told");
  stream.deliver(frame(FrameType::window_update, 0, 1, big_endian(200)));
  StreamEvents readable;
  readable.readable = true;
  connection.on_events(readable);
  require(sum_of_data(stream.output) == 1'200 && !has(frame(FrameType::data, kEndStream, 1, "")), "the rest of it");
  finish_feed(first, true);
  turn();
  require(has(frame(FrameType::data, kEndStream, 1, "")) && desk.ended.size() == 1, "the end needs no window");
  require(desk.ended[0].how == ExchangeEnd::done && desk.ended[0].bytes == 1'200, "and is the exchange's");
  Exchange& second = ask(3);
  feed(second, pattern(2'000));
  turn();
  finish_feed(second, false);
  turn();
  require(has(frame(FrameType::rst_stream, 0, 3, big_endian(static_cast<uint32_t>(ErrorCode::internal_error)))) && !connection.closed,
          "what fails is reset at once, whatever room there is");
  desk.limits_to_set().pace = {100, 0};
  Exchange& third = ask(5);
  feed(third, pattern(250));
  finish_feed(third, true);
  turn();
  const uint64_t before = sum_of_data(stream.output);
  for (int seconds = 0; seconds < 3; ++seconds) {
    desk.pass(1'000);
    if (desk.is_due()) connection.on_timeout();
  }
  require(sum_of_data(stream.output) == before + 150 && desk.ended.size() == 3, "it has the pace of all others");
  connection.abandon(ExchangeEnd::gone);
}

/** Who has half-closed makes no more room: what waits for it ends, what needs none is still answered. */
inline void check_half_closed() {
  Desk desk;
  desk.prepared = {{"/large", reply_of(Way::bytes, pattern(200'000))}, {"/hot", reply_of(Way::bytes, "hello")}};
  desk.limits_to_set().header_timeout = desk.limits_to_set().keep_alive_timeout = 1'000'000;
  desk.limits_to_set().send_timeout = 1'000'000;
  for (const uint32_t window : {1'000u, 1'000'000u}) {
    RecordStream::Habits habits;
    habits.record = 1 << 20;
    auto made = std::make_unique<RecordStream>(habits);
    RecordStream& stream = *made;
    Http2Connection connection(desk, std::move(made));
    connection.begin(std::string(kPreface) + initial_window(window) + get(1, "/large") + get(3, "/hot"));
    connection.on_events({});
    require(!desk.live.empty(), "what has no room waits");
    stream.ended = true;
    StreamEvents event;
    event.ended = true;
    connection.on_events(event);
    require(desk.live.empty() && connection.closed, "it does not wait for what cannot come");
  }
}

}  // namespace zc
