#include "http/hot_table.h"

#include <sys/random.h>

#include <cstring>

namespace zc {
namespace {

// The seed keeps clients from choosing paths that fall into one chain.
uint64_t random_seed() {
  uint64_t seed = 0;
  // Where a sandbox forbids it, the place of the stack is random as well.
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = reinterpret_cast<uintptr_t>(&seed);
  return seed | 1;
}

}  // namespace

HotTable::HotTable() : slots_(64), mask_(63), seed_(random_seed()) {}

size_t HotTable::hash(std::string_view path) const {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  uint64_t h = seed_ ^ (path.size() * kMultiplier);
  const char* p = path.data();
  size_t left = path.size();
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
  return static_cast<size_t>(h);
}

void HotTable::put(Ref<HotEntry> entry) {
  remove(entry->path);
  if ((count_ + 1) * 2 > slots_.size()) grow();
  size_t i = hash(entry->path) & mask_;
  while (slots_[i].entry) i = (i + 1) & mask_;
  slots_[i].entry = std::move(entry);
  ++count_;
}

// Linear probing without tombstones: later members of the chain move up into the hole.
void HotTable::remove(std::string_view path) {
  size_t hole = hash(path) & mask_;
  while (slots_[hole].entry && slots_[hole].entry->path != path) hole = (hole + 1) & mask_;
  if (!slots_[hole].entry) return;
  slots_[hole].entry = {};
  --count_;
  for (size_t i = (hole + 1) & mask_; slots_[i].entry; i = (i + 1) & mask_) {
    const size_t home = hash(slots_[i].entry->path) & mask_;
    const bool reachable = ((i - home) & mask_) < ((i - hole) & mask_);
    if (reachable) continue;
    slots_[hole].entry = std::move(slots_[i].entry);
    slots_[i].entry = {};
    hole = i;
  }
}

void HotTable::clear() {
  for (Slot& slot : slots_) slot.entry = {};
  count_ = 0;
}

void HotTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (Slot& slot : old) {
    if (!slot.entry) continue;
    size_t i = hash(slot.entry->path) & mask_;
    while (slots_[i].entry) i = (i + 1) & mask_;
    slots_[i].entry = std::move(slot.entry);
  }
}

}  // namespace zc
