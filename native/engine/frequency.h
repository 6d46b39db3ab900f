// How often each of many was asked for lately, in fixed memory.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/seeded_hash.h"

namespace zc {

/**
 * A place for each hash, with a mark of who has it and a count. A newcomer takes one off the count of whoever has its place,
 * and takes the place when nothing is left: what is asked for often stays, what is asked for once goes by, and old counts
 * wear off.
 */
class Frequency {
 public:
  /** What counts no more: it was admitted. */
  static constexpr uint32_t kAdmitted = 0xff;

  /** One more; returns how often it was asked for before, or kAdmitted. */
  uint32_t add(uint32_t site, std::string_view path) {
    const uint64_t hash = hash_of(site, path);
    uint32_t& place = places_[hash & kMask];
    const uint32_t mark = mark_of(hash), count = place & kCount;
    if ((place & ~kCount) == mark && count > 0) {
      if (count + 1 < kAdmitted) ++place;
      return count;
    }
    if (count > 1) --place;
    else place = mark | 1;
    return 0;
  }
  void admit(uint32_t site, std::string_view path) {
    const uint64_t hash = hash_of(site, path);
    places_[hash & kMask] = mark_of(hash) | kAdmitted;
  }
  uint32_t count(uint32_t site, std::string_view path) const {
    const uint64_t hash = hash_of(site, path);
    const uint32_t place = places_[hash & kMask];
    return (place & ~kCount) == mark_of(hash) ? place & kCount : 0;
  }
  void forget(uint32_t site, std::string_view path) {
    const uint64_t hash = hash_of(site, path);
    uint32_t& place = places_[hash & kMask];
    if ((place & ~kCount) == mark_of(hash)) place = 0;
  }

 private:
  static constexpr size_t kMask = (1 << 16) - 1;  // 256 KiB a thread
  static constexpr uint32_t kCount = 0xff;
  static constexpr uint64_t kSpread = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

  /** Another one for the same path on another site: in the bits of the place and of the mark. */
  uint64_t hash_of(uint32_t site, std::string_view path) const { return hash_(path) ^ (site * kSpread); }
  static uint32_t mark_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32) & ~kCount; }

  const SeededHash hash_{};
  std::vector<uint32_t> places_ = std::vector<uint32_t>(kMask + 1);
};

}  // namespace zc
