// A client of the stress program that speaks HTTP/2, in frames of its own, and misbehaves.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "http2/hpack.h"
#include "test/client_frames.h"
#include "test/stress_contents.h"
#include "test/stress_link.h"
#include "test/stress_site.h"

namespace zc::stress {

/** Checks the order of the frames and every byte it is sent. */
class Http2Client {
 public:
  Http2Client(Link& link, Random& random) : link_(link), random_(random) {}

  /** One of the ways to use a connection. Returns the answers that came whole and right. */
  size_t live() {
    window_ = random_.one_in(3) ? random_.below(2000) : 1 + random_.below(1 << 20);
    out_ = std::string(kPreface) + initial_window(window_);
    out_ += frame(FrameType::window_update, 0, 0, big_endian(1 + static_cast<uint32_t>(random_.below(1 << 20))));
    switch (random_.below(8)) {
      case 0:
        send_garbage();
        break;
      case 1:
        reset_rapidly();
        break;
      case 2:
        leaves_in_ = 1 + random_.below(60);
        break;
    }
    converse(1 + random_.below(80));
    return whole_;
  }

 private:
  /** A request that is not answered whole yet. */
  struct Asked {
    bool is_head = false;
    bool begun = false;
    unsigned status = 0;
    std::string file, start, body;
    size_t length = 0;
  };

  // No more at a time than the server allows, and it may still count some that are over.
  static constexpr size_t kAtOnce = 60;
  // Of what a client is cut off for, if it does much of it.
  static constexpr int kChores = 20;

  void converse(size_t count) {
    while (count > 0 || !asked_.empty()) {
      if (count > 0 && asked_.size() < kAtOnce && (asked_.empty() || random_.one_in(3))) {
        const size_t burst = std::min(count, 1 + random_.below(12));
        for (size_t i = 0; i < burst; ++i) ask();
        count -= burst;
        if (random_.one_in(6)) link_.trouble();
      }
      interfere();
      if (!link_.write_all(std::exchange(out_, {})) || !take_frame()) return;
      if (going_) count = 0;
      if (leaves_in_ > 0 && --leaves_in_ == 0) return link_.vanish();
    }
    if (random_.one_in(2)) link_.write_all(frame(FrameType::goaway, 0, 0, std::string(8, '\0')));
    if (random_.one_in(2)) link_.end_output();
  }

  void ask() {
    const uint32_t stream = next_stream_;
    next_stream_ += 2;
    Asked& asked = asked_[stream];
    asked.is_head = random_.one_in(6);
    std::string block;
    hpack_field(block, ":method", asked.is_head ? "HEAD" : "GET");
    hpack_field(block, ":scheme", "https");
    hpack_field(block, ":authority", "localhost");
    hpack_field(block, ":path", std::string(random_.one_in(2) ? "/f." : "/") + std::to_string(random_.below(12)) + "?q");
    if (random_.one_in(4)) hpack_field(block, "if-none-match", "\"e\"");
    if (random_.one_in(8)) hpack_field(block, "range", "bytes=0-1");
    if (random_.one_in(3)) hpack_field(block, "priority", random_.one_in(2) ? "u=1, i" : "u=6");
    // The server keeps these: RFC 7541 §6.2.1.
    if (random_.one_in(3)) block += "\x40" + text("x-kept") + text(std::string(random_.below(60), 'k'));
    const size_t cut = random_.one_in(6) ? random_.below(block.size()) : block.size();
    const bool has_body = random_.one_in(6);
    const unsigned whole = cut == block.size() ? kEndHeaders : kNoFlags;
    out_ += frame(FrameType::headers, whole | (has_body ? kNoFlags : kEndStream), stream, block.substr(0, cut));
    if (!whole) out_ += frame(FrameType::continuation, kEndHeaders, stream, block.substr(cut));
    if (!has_body) return;
    const std::string content = content_of(random_.below(random_.one_in(8) ? 20'000 : 300));
    for (size_t at = 0; at < content.size(); at += 9'000) out_ += frame(FrameType::data, 0, stream, content.substr(at, 9'000));
    switch (random_.below(4)) {
      case 0:  // it never ends
        break;
      case 1:
        out_ += frame(FrameType::headers, kEndHeaders | kEndStream, stream, line("x-trailer", "1"));
        break;
      default:
        out_ += frame(FrameType::data, kEndStream, stream, "");
    }
  }

  /** Between any two frames of the server's. */
  void interfere() {
    if (!asked_.empty() && random_.one_in(40)) {
      auto any = asked_.begin();
      std::advance(any, random_.below(asked_.size()));
      out_ += frame(FrameType::rst_stream, 0, any->first, big_endian(static_cast<uint32_t>(ErrorCode::cancel)));
      asked_.erase(any);
    }
    if (chores_ == kChores || !random_.one_in(12)) return;
    ++chores_;
    switch (random_.below(4)) {
      case 0:
        out_ += frame(FrameType::ping, 0, 0, "12345678");
        break;
      case 1:
        out_ += frame(FrameType::priority_update, 0, 0, big_endian(1 + 2 * static_cast<uint32_t>(random_.below(20))) + "u=0");
        break;
      case 2:
        out_ += frame(FrameType::priority, 0, next_stream_, big_endian(0) + '\7');
        break;
      default:
        set_window(random_.one_in(4) ? 0 : static_cast<uint32_t>(random_.below(1 << 20)));
    }
  }

  /** What is under way gets back what it loses, or nothing more would come of it. */
  void set_window(uint32_t bytes) {
    out_ += initial_window(bytes);
    for (const auto& [stream, asked] : asked_) {
      if (asked.begun && bytes < window_) allow(stream, window_ - bytes);
    }
    window_ = bytes;
  }

  void allow(uint32_t stream, uint32_t bytes) {
    if (bytes > 0) out_ += frame(FrameType::window_update, 0, stream, big_endian(bytes));
  }

  /** Requests that are taken back at once, less than a connection is ended for; then it goes on. */
  void reset_rapidly() {
    for (size_t left = random_.below(300); left > 0; --left) {
      ask();
      out_ += frame(FrameType::rst_stream, 0, next_stream_ - 2, big_endian(static_cast<uint32_t>(ErrorCode::cancel)));
    }
    asked_.clear();
  }

  /** Frames of any kind that say anything; the last one ends the connection, if none did before. */
  void send_garbage() {
    for (size_t left = 1 + random_.below(10); left > 0; --left) {
      std::string payload(random_.below(60), '\0');
      for (char& byte : payload) byte = static_cast<char>(random_.next());
      const auto type = static_cast<FrameType>(random_.below(18));
      out_ += frame(type, random_.below(256), static_cast<uint32_t>(random_.below(20)), payload);
    }
    out_ += frame(FrameType::data, 0, 0, "");
    is_garbage_ = true;
  }

  /** False: nothing more comes. */
  bool take_frame() {
    if (!have(kFrameHeadSize)) return false;
    const FrameHead head = read_frame_head(in_.data());
    require(!judge_frame_head(head), "the server's frames are in order");
    if (!have(kFrameHeadSize + head.size)) return false;
    const std::string payload = in_.substr(kFrameHeadSize, head.size);
    in_.erase(0, kFrameHeadSize + head.size);
    switch (head.type) {
      case FrameType::headers:
        on_head(head, payload);
        break;
      case FrameType::data:
        on_data(head, payload);
        break;
      case FrameType::rst_stream:
        asked_.erase(head.stream);
        break;
      case FrameType::settings:
        if (!head.has(kAck)) out_ += frame(FrameType::settings, kAck, 0, "");
        break;
      case FrameType::goaway:
        on_goaway(payload);
        break;
      default:
        break;
    }
    return true;
  }

  void on_head(const FrameHead& head, std::string_view block) {
    require(head.has(kEndHeaders), "our heads fit a frame");
    HeaderList list;
    require(decoder_.decode(block, 1 << 16, list) == HpackResult::ok, "a header block can be read");
    const auto found = asked_.find(head.stream);
    if (found == asked_.end()) return;
    Asked& asked = found->second;
    require(!std::exchange(asked.begun, true), "one head for each stream");
    for (size_t i = 0; i < list.lines.size(); ++i) {
      const std::string value(list.value(i));
      if (list.name(i) == ":status") asked.status = static_cast<unsigned>(std::stoul(value));
      else if (list.name(i) == "content-length" || list.name(i) == "length") asked.length = std::stoul(value);
      else if (list.name(i) == "file") asked.file = value;
      else if (list.name(i) == "start") asked.start = value;
    }
    if (head.has(kEndStream)) return finish(found);
    allow(head.stream, 1 + static_cast<uint32_t>(random_.below(100'000)));
  }

  void on_data(const FrameHead& head, std::string_view bytes) {
    allow(0, head.size);
    const auto found = asked_.find(head.stream);
    if (found == asked_.end()) return;
    require(found->second.begun, "a head comes before its body");
    found->second.body += bytes;
    if (head.has(kEndStream)) return finish(found);
    allow(head.stream, head.size + static_cast<uint32_t>(random_.below(20'000)));
  }

  void on_goaway(std::string_view payload) {
    going_ = true;
    uint32_t last = 0;
    for (const char byte : payload.substr(0, 4)) last = last << 8 | static_cast<unsigned char>(byte);
    const bool is_fault = payload.substr(4, 4) != std::string_view("\0\0\0\0", 4);
    require(!is_fault || is_garbage_, "whoever does no wrong is not cut off", std::to_string(payload[7]));
    asked_.erase(asked_.upper_bound(last), asked_.end());
    if (is_fault) asked_.clear();
  }

  void finish(std::map<uint32_t, Asked>::iterator found) {
    const Asked& asked = found->second;
    const bool bodiless = asked.is_head || asked.status == 304;
    require(asked.body.size() == (bodiless ? 0 : asked.length), "a body is as long as its head says", asked.file);
    if (asked.status == 200 && !asked.body.empty()) check_body(asked.file, asked.start, asked.body);
    asked_.erase(found);
    ++whole_;
  }

  bool have(size_t size) {
    char bytes[65'536];
    while (in_.size() < size) {
      const size_t n = link_.read(bytes, sizeof bytes);
      if (n == 0) return false;
      in_.append(bytes, n);
    }
    return true;
  }

  Link& link_;
  Random& random_;
  std::string out_, in_;
  HpackDecoder decoder_;
  std::map<uint32_t, Asked> asked_;
  uint32_t next_stream_ = 1;
  uint32_t window_ = 0;   // of each new stream
  size_t leaves_in_ = 0;  // frames; 0: it stays
  size_t whole_ = 0;
  int chores_ = 0;
  bool going_ = false;  // the server takes no more streams
  bool is_garbage_ = false;
};

}  // namespace zc::stress
