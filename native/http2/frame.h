// Frames as values: what each must be by itself, whatever the connection has come to, and their bytes. RFC 9113 §4, §6.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace zc {

/** What a client begins with (§3.4). */
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class Preface : uint8_t {
  begun,    // so far it is one: more bytes decide
  whole,    // HTTP/2
  another,  // something else
};
Preface judge_preface(std::string_view received);

enum class FrameType : uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,  // RFC 9218 §7.1
};

enum FrameFlag : uint8_t { kNoFlags = 0, kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kHasPriority = 32 };

/** §7. */
enum class ErrorCode : uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

/** What breaks a rule, and whether more than its stream ends by it (§5.4). */
struct Violation {
  ErrorCode error;
  enum Scope : uint8_t { stream, connection } scope = connection;
};

constexpr size_t kFrameHeadSize = 9;
constexpr uint32_t kMinMaxFrame = 1 << 14, kMaxMaxFrame = (1 << 24) - 1;  // §6.5.2
constexpr int64_t kInitialWindow = 65'535, kMaxWindow = 0x7fffffff;       // §6.9

struct FrameHead {
  uint32_t size = 0;  // of the payload
  FrameType type = FrameType::data;
  uint8_t flags = 0;
  uint32_t stream = 0;

  bool has(FrameFlag flag) const { return (flags & flag) != 0; }
};

/** Of kFrameHeadSize bytes. */
FrameHead read_frame_head(const char* bytes);

struct Frame {
  FrameHead head;
  /** Without padding and priority: content, a fragment of a header block, settings, opaque data, a field value. */
  std::string_view payload;
  /** An error code, a window's increment, or the stream that PRIORITY_UPDATE is about. */
  uint32_t number = 0;
};

/** What is wrong with a frame of this head whatever follows it, if something is: known before its payload is here. */
std::optional<Violation> judge_frame_head(const FrameHead& head);
/** Takes a frame apart whose head is in order. */
std::optional<Violation> read_frame(const FrameHead& head, std::string_view payload, Frame& frame);

/** What the peer has set of its side, as far as we go by it. */
struct PeerSettings {
  int64_t initial_window = kInitialWindow;
  uint32_t max_frame = kMinMaxFrame;
};
/** In the order of the payload (§6.5.3). */
std::optional<Violation> apply_settings(std::string_view payload, PeerSettings& settings);

/** Writes kFrameHeadSize bytes. */
void write_frame_head(char* to, const FrameHead& head);

struct Setting {
  enum Id : uint16_t { max_concurrent_streams = 3, max_header_list_size = 6, no_rfc7540_priorities = 9 } id;
  uint32_t value;
};
void append_settings(std::string& to, std::initializer_list<Setting> settings);
/** A whole block, of two pieces, that does not end its stream; within kMinMaxFrame. */
void append_headers(std::string& to, uint32_t stream, std::string_view first, std::string_view rest);
void append_settings_ack(std::string& to);
/** `opaque`: eight bytes that come back. */
void append_ping(std::string& to, std::string_view opaque);
void append_ping_ack(std::string& to, std::string_view opaque);
void append_window_update(std::string& to, uint32_t stream, uint32_t increment);
void append_rst_stream(std::string& to, uint32_t stream, ErrorCode error);
void append_goaway(std::string& to, uint32_t last_stream, ErrorCode error);

}  // namespace zc
