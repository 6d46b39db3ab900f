// Counts what a client has us do for nothing, and says when it is too much. RFC 9113 §10.5.
#pragma once
#include "http2/limits.h"

namespace zc {

class Floods {
 public:
  enum Chore : uint8_t { settings, ping, empty, chatter, kChores };

  /** One more. False: too many of late. */
  bool allow(Chore chore, int64_t now) {
    if (now >= period_end_) {
      for (uint32_t& count : counts_) count = 0;
      period_end_ = now + kChorePeriod;
    }
    constexpr uint32_t kMost[kChores] = {kMaxSettings, kMaxPings, kMaxEmpty, kMaxChatter};
    return ++counts_[chore] <= kMost[chore];
  }
  bool allow_update() { return ++updates_ <= kMaxUpdates; }
  void sent_frame() { updates_ -= updates_ < kUpdatesPerFrame ? updates_ : kUpdatesPerFrame; }
  bool allow_reset() { return ++resets_ <= kMaxResets; }
  /** An answer has arrived whole: whoever reads may change their mind as often. */
  void answered() { resets_ -= resets_ > 0 ? 1 : 0; }

 private:
  int64_t period_end_ = 0;
  uint32_t counts_[kChores] = {};
  uint32_t updates_ = 0;
  uint32_t resets_ = 0;
};

}  // namespace zc
