// How fast the bytes of one answer's body may leave. nginx: limit_rate, limit_rate_after.
#pragma once
#include <algorithm>
#include <cstdint>

namespace zc {

struct Pace {
  uint64_t rate = 0;   // bytes a second; 0: as fast as they go
  uint64_t after = 0;  // bytes before that

  /** How many more may leave `elapsed` ms after the first could, of which `sent` have. The first second's go at once. */
  uint64_t allows(uint64_t sent, int64_t elapsed) const {
    if (rate == 0) return UINT64_MAX;
    const uint64_t allowed = after + rate + scaled(rate, elapsed, 1000);
    return allowed - std::min(sent, allowed);
  }
  /** ms from then until there is one. */
  int64_t wait(uint64_t sent, int64_t elapsed) const {
    if (allows(sent, elapsed) > 0) return 0;
    return static_cast<int64_t>(scaled(sent - after - rate, 1000, rate)) + 1 - elapsed;
  }

 private:
  static uint64_t scaled(uint64_t value, int64_t by, uint64_t of) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(value) * static_cast<uint64_t>(by) / of);
  }
};

}  // namespace zc
