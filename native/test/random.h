// Numbers that follow from a seed, for the programs beside this file.
#pragma once
#include <cstddef>
#include <cstdint>

namespace zc {

// splitmix64, the published constants.
class Random {
 public:
  explicit Random(uint64_t state) : state_(state) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  size_t below(size_t bound) { return static_cast<size_t>(next() % bound); }
  bool one_in(size_t chance) { return below(chance) == 0; }

 private:
  uint64_t state_;
};

}  // namespace zc
