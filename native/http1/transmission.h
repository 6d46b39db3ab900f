// Writes one answer on a stream as HTTP/1 frames it: a head, then the body as it is, or in chunks. RFC 9112 §2.1, §7.1.
#pragma once
#include <optional>

#include "http/body.h"
#include "http/service.h"
#include "http1/chunks.h"
#include "http1/head.h"
#include "net/stream.h"

namespace zc {

enum class SendResult : uint8_t {
  done,
  again,    // the stream is full: go on when it says so
  yield,    // its share is sent: others first
  cold,     // the next bytes may be on the disk: have them paged in
  awaited,  // the next bytes are not made yet
  unacked,  // all but the end is sent; waiting for the peer's acknowledgement
  gone,     // the peer went away
  broken,   // the file is not what was promised: the connection must not be used again
};

class Transmission {
 public:
  /** The head of the body's reply. */
  void start(const BodySource& body, HeadEnd end, std::string_view date);
  /** No head: somebody else has sent it. */
  void start_body() {
    chunks_.reset();
    head_size_ = head_sent_ = 0;
  }
  /**
   * At most `share` bytes of the body. `now`: ms. `follows`: another answer comes at once, so the last segment may wait for
   * it.
   */
  SendResult send(Stream& stream, BodySource& body, uint64_t share, int64_t now, bool follows);

 private:
  size_t head_vectors(const BodySource& body, iovec* to) const;
  size_t frame(iovec* to, const BodyNext& next);
  SendResult send_file(Stream& stream, BodySource& body, uint64_t most, int64_t now);
  void advance(BodySource& body, uint64_t bytes);

  std::string_view status_line_;
  char end_[kHeadEndSize];
  size_t end_size_ = 0;
  uint64_t head_size_ = 0, head_sent_ = 0;
  std::optional<Chunks> chunks_;
};

}  // namespace zc
