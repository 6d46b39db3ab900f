// How long a connection is used: which of its answers is the last. nginx: keepalive_requests, keepalive_time.
#pragma once
#include "http/limits.h"

namespace zc {

class Lifetime {
 public:
  /** `now`: ms. */
  explicit Lifetime(int64_t now) : began_(now) {}

  /** One more request is answered. True: none after it. */
  bool use(const ConnectionLimits& limits, int64_t now) {
    ++requests_;
    const bool spent = limits.keep_alive_requests > 0 && requests_ >= limits.keep_alive_requests;
    return spent || (limits.keep_alive_life > 0 && now - began_ >= limits.keep_alive_life);
  }

 private:
  const int64_t began_;
  uint64_t requests_ = 0;
};

}  // namespace zc
