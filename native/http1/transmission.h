// Sends one reply on one socket: a cursor over its segments, as far as the socket takes it.
#pragma once
#include "files/pager.h"
#include "http/reply.h"

namespace zc {

enum class SendResult : uint8_t {
  done,
  again,    // the socket is full: go on when it is writable
  yield,    // one turn's share is sent: others first
  cold,     // the next bytes may be on the disk: have them paged in (see wanted)
  unacked,  // all but the end is sent; waiting for the peer's acknowledgement (verify)
  gone,     // the peer went away
  broken,   // the file is not what was promised: the connection must not be used again
};

/** What happened to a file while it was sent, for the log. */
enum class FileFault : uint8_t { none, truncated, changed, failed };

struct SendLimits {
  uint64_t chunk = 2 << 20;  // bytes of one sendfile turn (nginx: sendfile_max_chunk)
  bool verify = false;       // hold the end back until the rest is acknowledged and the file unchanged
};

class Transmission {
 public:
  /** `closing` are the head's last lines: Date, Connection, and the empty line; at most kClosingLines bytes. */
  void start(Ref<const Reply> reply, bool head_only, const char* closing, size_t closing_size);
  /** Sends only the span of a file, after somebody else has sent the head. */
  void start_body(Ref<const Reply> reply) { start(std::move(reply), false, nullptr, 0); }
  /**
   * `now`: ms, for what is remembered of the page cache. `more`: another reply follows at once, so the last
   * segment may wait for it (MSG_MORE).
   */
  SendResult send(int socket, const SendLimits& limits, int64_t now, bool more);
  /** Drops the reply and the buffers. */
  void clear();

  bool active() const { return static_cast<bool>(reply_); }
  const Reply& reply() const { return *reply_; }
  /** How the body really leaves, after fallbacks. */
  Carrier carrier() const { return refused_ ? Carrier::read : reply_->carrier; }
  /** The kernel would not sendfile this file. */
  bool refused() const { return refused_; }
  uint64_t body_bytes() const { return body_bytes_; }
  FileFault fault() const { return fault_; }
  int fault_error() const { return fault_error_; }
  /** After `cold`: what to page in. */
  PageIn wanted() const;
  /** It is in memory now, or will never be: go on without asking. */
  void set_paged(int64_t now);

  static constexpr size_t kClosingLines = 96;

 private:
  struct Segment {
    const char* data = nullptr;  // null for a span of the file
    uint64_t size = 0;
    uint64_t file_offset = 0;
    bool exists = false;
    bool mapped = false;  // the data are the file's own pages
  };

  Segment segment(size_t index) const;
  Segment span_segment(ByteSpan span) const;
  SendResult send_memory(int socket, int64_t now, bool follows, bool& sent);
  SendResult send_file_chunk(int socket, const Segment& current, const SendLimits& limits, int64_t now);
  bool probe(ByteSpan span, int64_t now);
  SendResult load_window(uint64_t offset, uint64_t end, int64_t now);
  SendResult confirm(int socket);
  SendResult finish();
  void advance(uint64_t bytes);
  SendResult fail(FileFault fault, int error);
  bool at_last_byte(const Segment& current) const;

  Ref<const Reply> reply_;
  size_t index_ = 0;      // segment in progress
  uint64_t offset_ = 0;   // bytes of it that are sent
  uint64_t body_bytes_ = 0;
  ByteSpan probed_;       // of the file: in the page cache a moment ago, or as good as it gets
  ByteSpan cold_;
  Ref<Window> window_;  // strategy read
  bool head_only_ = false;
  bool reads_ = false;      // what is left goes by the read path
  bool refused_ = false;
  bool confirmed_ = false;
  FileFault fault_ = FileFault::none;
  int fault_error_ = 0;
  uint8_t closing_size_ = 0;
  char closing_[kClosingLines];
};

}  // namespace zc
