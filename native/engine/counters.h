// One thread's counters: written by that thread only, read by anybody.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "http/exchange.h"

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

/** How many values were at most each bound and more than the one before; the last count is of those above all bounds. */
template <size_t kBounds>
struct Histogram {
  static constexpr size_t kSize = kBounds + 2;

  void add(uint64_t value, const uint64_t (&bounds)[kBounds]) {
    size_t at = 0;
    while (at < kBounds && value > bounds[at]) ++at;
    counts[at].add(1);
    sum.add(value);
  }

  std::array<Counter, kBounds + 1> counts;
  Counter sum;
};

/** Of durations, ms. The clock of a turn is up to a tick of the kernel behind (1 to 10 ms): finer ones would say nothing. */
constexpr uint64_t kDurationBounds[] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10'000, 30'000, 60'000};
/** Of bodies, bytes. */
constexpr uint64_t kSizeBounds[] = {1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28, 1 << 30};
/** Statuses that are counted (RFC 9110 §15): from the first on, so many. */
constexpr size_t kFirstStatus = 100, kStatuses = 500;

#define ZC_COUNTERS(X)                                                                                         \
  X(accepted) X(connections) X(hot) X(opened) X(planned) X(transfers) X(truncated) X(aborted) X(cancelled) X(timeouts) \
  X(rejected) X(refused) X(handshakes) X(unfinished) X(tls12) X(resumed) X(sealed) X(http2) X(forbidden) X(limited) X(kept) \
  X(copied)

struct alignas(64) Counters {
#define ZC_COUNTER(name) Counter name;
  ZC_COUNTERS(ZC_COUNTER)
#undef ZC_COUNTER

  struct Tally {
    Counter responses, bytes;
  };
  /** By way and reason. */
  std::array<std::array<Tally, kReasons>, kWays> bodies;

  /** Answers that have ended, whole or not, by protocol and status. */
  std::array<std::array<Counter, kStatuses>, std::size(kProtocolNames)> statuses;
  /** Of those that were sent whole: from the request's head to the body's last byte, and how many bytes that has. */
  Histogram<std::size(kDurationBounds)> durations;
  Histogram<std::size(kSizeBounds)> sizes;

  static constexpr const char* kNames[] = {ZC_COUNTERS(ZC_NAME)};
  static constexpr size_t kSize = std::size(kNames) + kWays * kReasons * 2 + std::size(kProtocolNames) * kStatuses +
                                  decltype(durations)::kSize + decltype(sizes)::kSize;

  void count_end(Protocol protocol, uint16_t status) {
    const size_t at = status - kFirstStatus;
    if (at < kStatuses) statuses[static_cast<size_t>(protocol)][at].add(1);
  }

  /** The named ones; responses and bytes of each way and reason; statuses of each protocol; counts and sum of each histogram. */
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
    for (const auto& protocol : statuses) {
      for (const Counter& status : protocol) *sums++ += static_cast<double>(status.value());
    }
    sums = add_histogram(durations, sums);
    add_histogram(sizes, sums);
  }

 private:
  template <class AnyHistogram>
  static double* add_histogram(const AnyHistogram& histogram, double* sums) {
    for (const Counter& count : histogram.counts) *sums++ += static_cast<double>(count.value());
    *sums++ += static_cast<double>(histogram.sum.value());
    return sums;
  }
};

}  // namespace zc
