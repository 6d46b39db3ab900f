// One thread's counters: written by that thread only, read by anybody.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "http/reply.h"

namespace zc {

class Counter {
 public:
  // One writer: a plain load and store, no locked instruction.
  void add(uint64_t n) { value_.store(value() + n, std::memory_order_relaxed); }
  void subtract(uint64_t n) { value_.store(value() - n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

#define ZC_COUNTERS(X)                                                                                         \
  X(accepted) X(connections) X(hot) X(opened) X(planned) X(transfers) X(truncated) X(aborted) X(timeouts) X(rejected) \
  X(refused) X(handshakes) X(tls12) X(resumed) X(sealed) X(http2) X(forbidden) X(limited) X(kept) X(copied)

struct alignas(64) Counters {
#define ZC_COUNTER(name) Counter name;
  ZC_COUNTERS(ZC_COUNTER)
#undef ZC_COUNTER

  struct Tally {
    Counter responses, bytes;
  };
  /** By way and reason. */
  std::array<std::array<Tally, kReasons>, kWays> bodies;

  static constexpr const char* kNames[] = {ZC_COUNTERS(ZC_NAME)};
  static constexpr size_t kSize = std::size(kNames) + kWays * kReasons * 2;

  /** The named ones, then responses and bytes of each way and reason. */
  void add_to(double* sums) const {
#define ZC_SUM(name) *sums++ += static_cast<double>(name.value());
    ZC_COUNTERS(ZC_SUM)
#undef ZC_SUM
    for (const auto& way : bodies) {
      for (const Tally& tally : way) {
        *sums++ += static_cast<double>(tally.responses.value());
        *sums++ += static_cast<double>(tally.bytes.value());
      }
    }
  }
};

}  // namespace zc
