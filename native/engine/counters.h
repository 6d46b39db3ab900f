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

/** The order is shared with transport/engine/engine.ts. */
struct alignas(64) Counters {
  Counter accepted, connections, hot, planned, transfers, truncated, aborted, timeouts, rejected, refused;
  struct Tally {
    Counter responses, bytes;
  };
  std::array<std::array<Tally, kReasons>, kCarriers> bodies;

  static constexpr size_t kPlain = 10;
  static constexpr size_t kSize = kPlain + kCarriers * kReasons * 2;

  void add_to(double* sums) const {
    const Counter* plain[kPlain] = {&accepted,  &connections, &hot,     &planned,  &transfers,
                                    &truncated, &aborted,     &timeouts, &rejected, &refused};
    for (const Counter* counter : plain) *sums++ += static_cast<double>(counter->value());
    for (const auto& carrier : bodies) {
      for (const Tally& tally : carrier) {
        *sums++ += static_cast<double>(tally.responses.value());
        *sums++ += static_cast<double>(tally.bytes.value());
      }
    }
  }
};

}  // namespace zc
