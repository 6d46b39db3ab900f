// What a connection knows of its client's bytes between two reads: whether some may wait, and how they end.
#pragma once
#include "http/service.h"

namespace zc {

class Input {
 public:
  void note(const StreamEvents& events, const Stream& stream) {
    if (events.ended) peer_ended_ = true;
    if (events.readable || events.ended || happened(events, stream.receive_awaits())) readable_ = true;
  }
  /** Bytes, or the end, may wait in the stream. Edge-triggered, so remembered. */
  bool readable() const { return readable_; }
  /** The client has half-closed, whatever of its bytes is not read yet. */
  bool peer_ended() const { return peer_ended_; }
  /** receive() said so: the client has half-closed. */
  bool ended() const { return ended_; }

  /** Into the turn's scratch. */
  Io receive(Stream& stream, const Turn& turn) {
    const Io io = stream.receive(turn.scratch.get(), Turn::kScratch);
    if (io.result == Io::closed) ended_ = true;
    // An announced end is still to be read.
    if (io.result == Io::moved && peer_ended_) return io;
    readable_ = io.result == Io::moved && stream.may_hold_more(io, Turn::kScratch);
    return io;
  }
  /**
   * Once our side is shut: drops what the client still sends, so that no reset eats our last words. True when it sends
   * no more, or more than is waited for.
   */
  bool drop(Stream& stream, const Turn& turn) {
    while (readable_ && dropped_ < kLingerBytes) {
      const Io io = receive(stream, turn);
      if (io.result == Io::again) return false;
      if (io.result != Io::moved) break;
      dropped_ += io.bytes;
    }
    return ended_ || dropped_ >= kLingerBytes;
  }

 private:
  bool readable_ = false;
  bool peer_ended_ = false;  // announced: read until the end
  bool ended_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace zc
