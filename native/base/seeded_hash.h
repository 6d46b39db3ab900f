// A hash of text that nobody outside can steer.
#pragma once
#include <sys/random.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace zc {

/** The seed keeps clients from choosing texts that fall into one chain. */
class SeededHash {
 public:
  uint64_t operator()(std::string_view text) const {
    uint64_t h = seed_ ^ (text.size() * kMultiplier);
    const char* p = text.data();
    size_t left = text.size();
    const auto mix = [&h](uint64_t word) {
      const unsigned __int128 product = static_cast<unsigned __int128>(h ^ word) * kMultiplier;
      h = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    };
    for (; left >= 8; p += 8, left -= 8) {
      uint64_t word;
      memcpy(&word, p, 8);
      mix(word);
    }
    uint64_t word = 0;
    memcpy(&word, p, left);
    mix(word);
    return h;
  }

 private:
  static constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

  static uint64_t random_seed() {
    uint64_t seed = 0;
    // Where a sandbox forbids it, the place of the stack is random as well.
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = reinterpret_cast<uintptr_t>(&seed);
    return seed | 1;
  }

  const uint64_t seed_ = random_seed();
};

}  // namespace zc
