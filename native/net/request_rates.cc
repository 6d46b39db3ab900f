#include "net/request_rates.h"

#include <algorithm>

namespace zc {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

}  // namespace

RequestRates::RequestRates(const RequestRate& rate)
    : interval_(rate.period * kNsPerMs / static_cast<int64_t>(rate.requests)),
      depth_(interval_ * static_cast<int64_t>(rate.burst)),
      sets_(new Set[kSets]) {}

int64_t RequestRates::take(uint64_t client, int64_t now) {
  const int64_t at = now * kNsPerMs;
  Set& set = sets_[hash_({reinterpret_cast<const char*>(&client), sizeof client}) % kSets];
  const std::lock_guard lock(set.mutex);
  Bucket* bucket = &set.buckets[0];
  for (Bucket& each : set.buckets) {
    if (each.client == client) {
      bucket = &each;
      break;
    }
    if (each.full_at < bucket->full_at) bucket = &each;
  }
  if (bucket->client != client) *bucket = {client, at};
  const int64_t taken = std::max(bucket->full_at, at) + interval_;
  const int64_t wait = taken - depth_ - at;
  if (wait > 0) return (wait + kNsPerMs - 1) / kNsPerMs;
  bucket->full_at = taken;
  return 0;
}

}  // namespace zc
