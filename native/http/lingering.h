// The end of a connection whose client may still send: our side is shut, and what comes is dropped for a while, so that no
// reset eats our last words. RFC 9112 §9.6. nginx: lingering_timeout, lingering_time.
#pragma once
#include <algorithm>

#include "http/input.h"

namespace zc {

class Lingering {
 public:
  enum class Next : uint8_t {
    wait,   // for what comes, no longer than patience()
    again,  // more is here: the others' turn first
    over,
  };

  void begin(const Turn& turn) { until_ = turn.now + (turn.stopping ? kFarewellLinger : kLingerTime); }
  /** The server ends. */
  void hasten(const Turn& turn) { until_ = std::min(until_, turn.now + kFarewellLinger); }
  /** ms for the client to say more, or to go. */
  int64_t patience(const Turn& turn) const { return std::min(kLingerPause, until_ - turn.now); }

  /**
   * What is more than we drop stays with the client, which has to wait with it: one that reads meanwhile finds our last
   * words, where a reset would have eaten them.
   */
  Next drop(Input& input, Stream& stream, const Turn& turn) {
    if (patience(turn) <= 0) return Next::over;
    for (uint64_t turns = 0; input.readable();) {
      if (dropped_ >= kLingerBytes && !input.peer_ended()) return Next::wait;
      if (turns >= kLingerTurn) return Next::again;
      const Io io = input.receive(stream, turn);
      if (io.result == Io::again) return Next::wait;
      if (io.result != Io::moved) return Next::over;
      dropped_ += io.bytes;
      turns += io.bytes;
    }
    return input.ended() ? Next::over : Next::wait;
  }

 private:
  int64_t until_ = 0;  // ms
  uint64_t dropped_ = 0;
};

}  // namespace zc
