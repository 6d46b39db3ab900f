#include "http2/frame.h"

#include <algorithm>

namespace zc {
namespace {

constexpr uint32_t kReserved = 0x80000000;  // a bit that senders leave out and receivers ignore (§4.1)
constexpr size_t kSettingSize = 6, kPriorityFields = 5, kPingSize = 8;

uint32_t read_number(const char* bytes, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

char* write_number(char* to, uint32_t number, size_t size) {
  while (size-- > 0) *to++ = static_cast<char>(number >> (8 * size));
  return to;
}

void append_number(std::string& to, uint32_t number) {
  char bytes[4];
  write_number(bytes, number, sizeof bytes);
  to.append(bytes, sizeof bytes);
}

void append_frame_head(std::string& to, const FrameHead& head) {
  char bytes[kFrameHeadSize];
  write_frame_head(bytes, head);
  to.append(bytes, sizeof bytes);
}

Violation connection_error(ErrorCode error) { return {error, Violation::connection}; }

// §6: which frames are of a stream and which of the connection.
std::optional<Violation> judge_stream(bool of_stream, const FrameHead& head) {
  if (of_stream == (head.stream != 0)) return std::nullopt;
  return connection_error(ErrorCode::protocol_error);
}

std::optional<Violation> judge_size(bool fits, Violation::Scope scope = Violation::connection) {
  if (fits) return std::nullopt;
  return Violation{ErrorCode::frame_size_error, scope};
}

// §6.1, §6.2: the length of the padding, and the padding behind the rest, come off.
std::optional<Violation> remove_padding(const FrameHead& head, std::string_view& payload) {
  if (!head.has(kPadded)) return std::nullopt;
  const size_t padding = static_cast<unsigned char>(payload.front());
  payload.remove_prefix(1);
  if (padding > payload.size()) return connection_error(ErrorCode::protocol_error);
  payload.remove_suffix(padding);
  return std::nullopt;
}

}  // namespace

Preface judge_preface(std::string_view received) {
  const size_t size = std::min(received.size(), kPreface.size());
  if (received.substr(0, size) != kPreface.substr(0, size)) return Preface::another;
  return size == kPreface.size() ? Preface::whole : Preface::begun;
}

FrameHead read_frame_head(const char* bytes) {
  FrameHead head;
  head.size = read_number(bytes, 3);
  head.type = static_cast<FrameType>(bytes[3]);
  head.flags = static_cast<uint8_t>(bytes[4]);
  head.stream = read_number(bytes + 5, 4) & ~kReserved;
  return head;
}

std::optional<Violation> judge_frame_head(const FrameHead& head) {
  // §4.2. For a frame of a stream its end would do; but nothing honest sends one.
  if (head.size > kMinMaxFrame) return connection_error(ErrorCode::frame_size_error);
  const size_t padding = head.has(kPadded) ? 1 : 0;
  std::optional<Violation> broken;
  switch (head.type) {
    case FrameType::data:  // §6.1
      if ((broken = judge_stream(true, head))) return broken;
      return judge_size(head.size >= padding);
    case FrameType::headers:  // §6.2
      if ((broken = judge_stream(true, head))) return broken;
      return judge_size(head.size >= padding + (head.has(kHasPriority) ? kPriorityFields : 0));
    case FrameType::priority:  // §6.3
      if ((broken = judge_stream(true, head))) return broken;
      return judge_size(head.size == kPriorityFields, Violation::stream);
    case FrameType::rst_stream:  // §6.4
      if ((broken = judge_stream(true, head))) return broken;
      return judge_size(head.size == 4);
    case FrameType::settings:  // §6.5
      if ((broken = judge_stream(false, head))) return broken;
      return judge_size(head.has(kAck) ? head.size == 0 : head.size % kSettingSize == 0);
    case FrameType::push_promise:  // §8.4: a client cannot push
      return connection_error(ErrorCode::protocol_error);
    case FrameType::ping:  // §6.7
      if ((broken = judge_stream(false, head))) return broken;
      return judge_size(head.size == kPingSize);
    case FrameType::goaway:  // §6.8
      if ((broken = judge_stream(false, head))) return broken;
      return judge_size(head.size >= 8);
    case FrameType::window_update:  // §6.9
      return judge_size(head.size == 4);
    case FrameType::continuation:  // §6.10
      return judge_stream(true, head);
    case FrameType::priority_update:  // RFC 9218 §7.1
      if ((broken = judge_stream(false, head))) return broken;
      return judge_size(head.size >= 4);
  }
  return std::nullopt;  // §4.1: a type that nobody knows is ignored
}

std::optional<Violation> read_frame(const FrameHead& head, std::string_view payload, Frame& frame) {
  frame = {head, payload, 0};
  std::string_view& left = frame.payload;
  switch (head.type) {
    case FrameType::data:
      return remove_padding(head, left);
    case FrameType::headers: {
      if (const auto broken = remove_padding(head, left)) return broken;
      // §5.3.2: the priority of RFC 7540 is read over.
      const size_t priority = head.has(kHasPriority) ? kPriorityFields : 0;
      if (left.size() < priority) return connection_error(ErrorCode::protocol_error);
      left.remove_prefix(priority);
      return std::nullopt;
    }
    case FrameType::rst_stream:
      frame.number = read_number(left.data(), 4);
      return std::nullopt;
    case FrameType::goaway:
      frame.number = read_number(left.data() + 4, 4);
      return std::nullopt;
    case FrameType::window_update:
      frame.number = read_number(left.data(), 4) & ~kReserved;
      if (frame.number > 0) return std::nullopt;
      // §6.9: an increment of 0.
      return Violation{ErrorCode::protocol_error, head.stream == 0 ? Violation::connection : Violation::stream};
    case FrameType::priority_update:
      frame.number = read_number(left.data(), 4) & ~kReserved;
      left.remove_prefix(4);
      // RFC 9218 §7.1: the connection is no stream, and what has not been promised cannot be prioritized.
      if (frame.number % 2 == 0) return connection_error(ErrorCode::protocol_error);
      return std::nullopt;
    case FrameType::priority:
    case FrameType::settings:
    case FrameType::push_promise:
    case FrameType::ping:
    case FrameType::continuation:
      break;
  }
  return std::nullopt;
}

std::optional<Violation> apply_settings(std::string_view payload, PeerSettings& settings) {
  enum Id : uint16_t { enable_push = 2, initial_window_size = 4, max_frame_size = 5, no_rfc7540_priorities = 9 };
  for (; payload.size() >= kSettingSize; payload.remove_prefix(kSettingSize)) {
    const uint32_t value = read_number(payload.data() + 2, 4);
    switch (read_number(payload.data(), 2)) {
      case enable_push:            // §6.5.2
      case no_rfc7540_priorities:  // RFC 9218 §2.1
        if (value > 1) return connection_error(ErrorCode::protocol_error);
        break;
      case initial_window_size:
        if (value > kMaxWindow) return connection_error(ErrorCode::flow_control_error);
        settings.initial_window = value;
        break;
      case max_frame_size:
        if (value < kMinMaxFrame || value > kMaxMaxFrame) return connection_error(ErrorCode::protocol_error);
        settings.max_frame = value;
        break;
      default:
        break;  // What we never do, or nobody knows.
    }
  }
  return std::nullopt;
}

void write_frame_head(char* to, const FrameHead& head) {
  to = write_number(to, head.size, 3);
  *to++ = static_cast<char>(head.type);
  *to++ = static_cast<char>(head.flags);
  write_number(to, head.stream, 4);
}

void append_settings(std::string& to, std::initializer_list<Setting> settings) {
  append_frame_head(to, {static_cast<uint32_t>(settings.size() * kSettingSize), FrameType::settings, 0, 0});
  for (const Setting& setting : settings) {
    char id[2];
    write_number(id, setting.id, sizeof id);
    to.append(id, sizeof id);
    append_number(to, setting.value);
  }
}

void append_headers(std::string& to, uint32_t stream, std::string_view first, std::string_view rest) {
  append_frame_head(to, {static_cast<uint32_t>(first.size() + rest.size()), FrameType::headers, kEndHeaders, stream});
  to.append(first).append(rest);
}

void append_settings_ack(std::string& to) { append_frame_head(to, {0, FrameType::settings, kAck, 0}); }

void append_ping(std::string& to, std::string_view opaque) {
  append_frame_head(to, {kPingSize, FrameType::ping, 0, 0});
  to.append(opaque);
}

void append_ping_ack(std::string& to, std::string_view opaque) {
  append_frame_head(to, {kPingSize, FrameType::ping, kAck, 0});
  to.append(opaque);
}

void append_window_update(std::string& to, uint32_t stream, uint32_t increment) {
  append_frame_head(to, {4, FrameType::window_update, 0, stream});
  append_number(to, increment);
}

void append_rst_stream(std::string& to, uint32_t stream, ErrorCode error) {
  append_frame_head(to, {4, FrameType::rst_stream, 0, stream});
  append_number(to, static_cast<uint32_t>(error));
}

void append_goaway(std::string& to, uint32_t last_stream, ErrorCode error) {
  append_frame_head(to, {8, FrameType::goaway, 0, 0});
  append_number(to, last_stream);
  append_number(to, static_cast<uint32_t>(error));
}

}  // namespace zc
