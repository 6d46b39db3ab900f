// The clocks: of deadlines and of what is believed for a while, and of dates.
#pragma once
#include <time.h>

#include <cstdint>

namespace zc {

/** Milliseconds of CLOCK_MONOTONIC_COARSE: up to a tick of the kernel behind, and cheap (clock_gettime(2)). */
inline int64_t monotonic_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

/** Nanoseconds since the epoch, up to a tick behind. */
inline int64_t wall_clock() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace zc
