// What RFC 9113 and RFC 9218 demand of each frame by itself, as a table. Built and run by test/native/frames.test.ts;
// prints a line for each row.
#include <cstdio>

#include "http2/frame.h"
#include "http2/priority.h"

namespace {

using namespace zc;
using E = ErrorCode;

constexpr auto kConnection = Violation::connection;
constexpr auto kStream = Violation::stream;

struct Row {
  const char* rule;
  FrameType type;
  unsigned flags;
  uint32_t stream;
  std::string payload;
  std::optional<Violation> broken = std::nullopt;
  uint32_t size = UINT32_MAX;  // as the head says, where that is not the payload's
};

const std::string kZeros(64, '\0');
std::string zeros(size_t size) { return kZeros.substr(0, size); }
std::string bytes(std::initializer_list<int> list) { return std::string(list.begin(), list.end()); }

const Row kRows[] = {
    {"§4.1 a type that nobody knows is ignored", static_cast<FrameType>(77), 0xff, 5, "any", {}},
    {"§4.2 16,384 bytes are taken", FrameType::data, 0, 1, "", {}, 16384},
    {"§4.2 16,385 are not", FrameType::data, 0, 1, "", Violation{E::frame_size_error, kConnection}, 16385},
    {"§4.2 nor of a type that nobody knows", static_cast<FrameType>(77), 0, 1, "", Violation{E::frame_size_error, kConnection}, 16385},
    {"§6.1 DATA", FrameType::data, 0, 1, "body", {}},
    {"§6.1 DATA of no stream", FrameType::data, 0, 0, "body", Violation{E::protocol_error, kConnection}},
    {"§6.1 DATA with padding", FrameType::data, kPadded, 1, bytes({2, 'a', 0, 0}), {}},
    {"§6.1 DATA of padding only", FrameType::data, kPadded, 1, bytes({2, 0, 0}), {}},
    {"§6.1 more padding than there is", FrameType::data, kPadded, 1, bytes({3, 0, 0}), Violation{E::protocol_error, kConnection}},
    {"§4.2 padded and empty", FrameType::data, kPadded, 1, "", Violation{E::frame_size_error, kConnection}},
    {"§6.2 HEADERS", FrameType::headers, kEndHeaders, 1, "\x82", {}},
    {"§6.2 HEADERS of no stream", FrameType::headers, kEndHeaders, 0, "\x82", Violation{E::protocol_error, kConnection}},
    {"§6.2 HEADERS with priority", FrameType::headers, kHasPriority, 1, zeros(5) + "\x82", {}},
    {"§4.2 a priority that is cut", FrameType::headers, kHasPriority, 1, zeros(4), Violation{E::frame_size_error, kConnection}},
    {"§6.2 more padding than there is", FrameType::headers, kPadded, 1, bytes({9, 0}), Violation{E::protocol_error, kConnection}},
    {"§6.2 padding that reaches into the priority", FrameType::headers, kPadded | kHasPriority, 1, bytes({3, 0, 0, 0, 0, 0}), Violation{E::protocol_error, kConnection}},
    {"§6.3 PRIORITY", FrameType::priority, 0, 3, zeros(5), {}},
    {"§6.3 PRIORITY of no stream", FrameType::priority, 0, 0, zeros(5), Violation{E::protocol_error, kConnection}},
    {"§6.3 PRIORITY of another length", FrameType::priority, 0, 3, zeros(4), Violation{E::frame_size_error, kStream}},
    {"§6.4 RST_STREAM", FrameType::rst_stream, 0, 3, zeros(4), {}},
    {"§6.4 RST_STREAM of no stream", FrameType::rst_stream, 0, 0, zeros(4), Violation{E::protocol_error, kConnection}},
    {"§6.4 RST_STREAM of another length", FrameType::rst_stream, 0, 3, zeros(5), Violation{E::frame_size_error, kConnection}},
    {"§6.5 SETTINGS", FrameType::settings, 0, 0, zeros(12), {}},
    {"§6.5 SETTINGS of a stream", FrameType::settings, 0, 1, "", Violation{E::protocol_error, kConnection}},
    {"§6.5 SETTINGS of half a setting", FrameType::settings, 0, 0, zeros(3), Violation{E::frame_size_error, kConnection}},
    {"§6.5 an acknowledgement that sets something", FrameType::settings, kAck, 0, zeros(6), Violation{E::frame_size_error, kConnection}},
    {"§8.4 PUSH_PROMISE of a client", FrameType::push_promise, 0, 1, zeros(4), Violation{E::protocol_error, kConnection}},
    {"§6.7 PING", FrameType::ping, 0, 0, zeros(8), {}},
    {"§6.7 PING of a stream", FrameType::ping, 0, 1, zeros(8), Violation{E::protocol_error, kConnection}},
    {"§6.7 PING of another length", FrameType::ping, 0, 0, zeros(7), Violation{E::frame_size_error, kConnection}},
    {"§6.8 GOAWAY with debug data", FrameType::goaway, 0, 0, zeros(20), {}},
    {"§6.8 GOAWAY of a stream", FrameType::goaway, 0, 1, zeros(8), Violation{E::protocol_error, kConnection}},
    {"§4.2 GOAWAY that is cut", FrameType::goaway, 0, 0, zeros(7), Violation{E::frame_size_error, kConnection}},
    {"§6.9 WINDOW_UPDATE", FrameType::window_update, 0, 1, bytes({0, 0, 0, 1}), {}},
    {"§6.9 its reserved bit is ignored", FrameType::window_update, 0, 0, bytes({0x80, 0, 0, 1}), {}},
    {"§6.9 an increment of 0, of a stream", FrameType::window_update, 0, 1, zeros(4), Violation{E::protocol_error, kStream}},
    {"§6.9 an increment of 0, of the connection", FrameType::window_update, 0, 0, zeros(4), Violation{E::protocol_error, kConnection}},
    {"§6.9 WINDOW_UPDATE of another length", FrameType::window_update, 0, 1, zeros(3), Violation{E::frame_size_error, kConnection}},
    {"§6.10 CONTINUATION", FrameType::continuation, 0, 1, "", {}},
    {"§6.10 CONTINUATION of no stream", FrameType::continuation, 0, 0, "", Violation{E::protocol_error, kConnection}},
    {"RFC 9218 §7.1 PRIORITY_UPDATE", FrameType::priority_update, 0, 0, bytes({0, 0, 0, 1}) + "u=1", {}},
    {"RFC 9218 §7.1 of a stream", FrameType::priority_update, 0, 1, bytes({0, 0, 0, 1}), Violation{E::protocol_error, kConnection}},
    {"RFC 9218 §7.1 about the connection", FrameType::priority_update, 0, 0, zeros(4), Violation{E::protocol_error, kConnection}},
    {"RFC 9218 §7.1 about what was not promised", FrameType::priority_update, 0, 0, bytes({0, 0, 0, 2}), Violation{E::protocol_error, kConnection}},
    {"RFC 9218 §7.1 that is cut", FrameType::priority_update, 0, 0, zeros(3), Violation{E::frame_size_error, kConnection}},
};

struct SettingRow {
  const char* rule;
  std::string payload;
  std::optional<Violation> broken;
};

std::string setting(int id, uint32_t value) {
  return bytes({0, id, static_cast<int>(value >> 24), static_cast<int>(value >> 16 & 255),
                static_cast<int>(value >> 8 & 255), static_cast<int>(value & 255)});
}

const SettingRow kSettings[] = {
    {"§6.5.2 a table of any size", setting(1, 0xffffffff), {}},
    {"§6.5.2 ENABLE_PUSH is 0 or 1", setting(2, 2), Violation{E::protocol_error, kConnection}},
    {"§6.5.2 the largest window", setting(4, 0x7fffffff), {}},
    {"§6.5.2 a larger window", setting(4, 0x80000000), Violation{E::flow_control_error, kConnection}},
    {"§6.5.2 the smallest frame", setting(5, 16384), {}},
    {"§6.5.2 a smaller frame", setting(5, 16383), Violation{E::protocol_error, kConnection}},
    {"§6.5.2 the largest frame", setting(5, 16777215), {}},
    {"§6.5.2 a larger frame", setting(5, 16777216), Violation{E::protocol_error, kConnection}},
    {"§6.5.2 a setting that nobody knows is ignored", setting(99, 7), {}},
    {"RFC 9218 §2.1 NO_RFC7540_PRIORITIES is 0 or 1", setting(9, 2), Violation{E::protocol_error, kConnection}},
    {"§6.5.3 in their order", setting(4, 1) + setting(2, 2), Violation{E::protocol_error, kConnection}},
};

struct PriorityRow {
  const char* value;
  int urgency;
  bool incremental;
};

const PriorityRow kPriorities[] = {
    {"", 3, false},          {"u=0", 0, false},      {"u=7, i", 7, true},    {"i", 3, true},
    {"i=?0", 3, false},      {"i=?1,u=5", 5, true},  {"u=8", 3, false},      {"u=-1", 3, false},
    {"u=1;x=y", 1, false},   {"u=1, u=2", 2, false}, {"a=b, u=4,, i", 4, true}, {"U=1", 3, false},
    {"u=3, i=?1, i=?0", 3, false},
};

void claim(bool holds, const std::string& text) { std::printf("%s %s\n", holds ? "ok" : "not ok", text.c_str()); }

bool same(const std::optional<Violation>& one, const std::optional<Violation>& other) {
  if (!one || !other) return !one && !other;
  return one->error == other->error && one->scope == other->scope;
}

std::optional<Violation> judge(const Row& row) {
  const uint32_t size = row.size == UINT32_MAX ? static_cast<uint32_t>(row.payload.size()) : row.size;
  char head[kFrameHeadSize];
  // The reserved bit is ignored (§4.1).
  write_frame_head(head, {size, row.type, static_cast<uint8_t>(row.flags), row.stream | 0x80000000});
  const FrameHead read = read_frame_head(head);
  if (const auto broken = judge_frame_head(read)) return broken;
  if (row.size != UINT32_MAX) return std::nullopt;
  Frame frame;
  return read_frame(read, row.payload, frame);
}

void writes_what_it_reads() {
  std::string text;
  append_window_update(text, 5, 77);
  append_rst_stream(text, 7, E::cancel);
  append_goaway(text, 9, E::enhance_your_calm);
  append_ping_ack(text, "12345678");
  append_settings_ack(text);
  append_settings(text, {{Setting::max_concurrent_streams, 100}, {Setting::no_rfc7540_priorities, 1}});
  std::string numbers;
  for (size_t at = 0; at < text.size();) {
    const FrameHead head = read_frame_head(text.data() + at);
    Frame frame;
    const bool sound = !judge_frame_head(head) && !read_frame(head, std::string_view(text).substr(at + kFrameHeadSize, head.size), frame);
    claim(sound, "our own frame " + std::to_string(static_cast<int>(head.type)) + " is in order");
    numbers += std::to_string(head.stream) + ":" + std::to_string(frame.number) + " ";
    at += kFrameHeadSize + head.size;
  }
  claim(numbers == "5:77 7:8 0:11 0:0 0:0 0:0 ", "what is written is read");
}

}  // namespace

int main() {
  for (const Row& row : kRows) claim(same(judge(row), row.broken), row.rule);
  for (const SettingRow& row : kSettings) {
    PeerSettings settings;
    claim(same(apply_settings(row.payload, settings), row.broken), row.rule);
  }
  PeerSettings settings;
  apply_settings(setting(4, 1) + setting(4, 70'000) + setting(5, 20'000), settings);
  claim(settings.initial_window == 70'000 && settings.max_frame == 20'000, "§6.5.3 the last value counts");
  for (const PriorityRow& row : kPriorities) {
    const Priority priority = read_priority(row.value);
    claim(priority.urgency == row.urgency && priority.incremental == row.incremental, std::string("RFC 9218 §4: ") + row.value);
  }
  claim(Priority().incremental, "who says nothing of it shares");
  claim(judge_preface("") == Preface::begun && judge_preface(kPreface.substr(0, 23)) == Preface::begun, "§3.4 a part of the preface is none yet");
  claim(judge_preface(std::string(kPreface) + "x") == Preface::whole, "§3.4 the preface");
  claim(judge_preface("PRI * HTTP/1") == Preface::another && judge_preface("G") == Preface::another, "§3.4 another beginning");
  writes_what_it_reads();
}
