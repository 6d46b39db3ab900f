// How often each client asks: a token bucket for each, on all threads of an engine together. nginx: limit_req.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/seeded_hash.h"

namespace zc {

struct RequestRate {
  uint64_t requests = 0;  // in each period; 0: no limit
  int64_t period = 1000;  // ms
  uint64_t burst = 1;     // requests at once, after a pause
};

/**
 * The table has its size from the start, whoever comes: where there is no room for one more client, the one gives way that
 * has the least left to wait for. An attack from many addresses costs so much memory and no more, and sets nobody free who
 * asks more often than it does from each.
 */
class RequestRates {
 public:
  explicit RequestRates(const RequestRate& rate);

  /** One request more of this client, at `now` (ms). Returns 0 where it may be answered, or ms until one may. */
  int64_t take(uint64_t client, int64_t now);

 private:
  // 65,536 clients at a time in 1.5 MiB: as many as nginx has in 4 MiB. A full bucket needs no place.
  static constexpr size_t kSets = 8192, kWays = 8;

  struct Bucket {
    uint64_t client = 0;
    int64_t full_at = 0;  // ns: when it will be full again, if nothing is taken (GCRA: the theoretical arrival time)
  };
  /** A lock for a few clients: two threads meet at one only for the same client's requests. */
  struct alignas(64) Set {
    std::mutex mutex;
    std::array<Bucket, kWays> buckets;
  };

  const int64_t interval_;  // ns for one request
  const int64_t depth_;     // ns of the whole burst
  const SeededHash hash_;
  const std::unique_ptr<Set[]> sets_;
};

}  // namespace zc
