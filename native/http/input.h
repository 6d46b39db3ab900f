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

 private:
  bool readable_ = false;
  bool peer_ended_ = false;  // announced: read until the end
  bool ended_ = false;
};

}  // namespace zc
