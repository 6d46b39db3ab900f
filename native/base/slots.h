// Numbers for things that come and go: a number never means another thing than the one it was given for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace zc {

/** T is a pointer, owning or not, or counted. Ids: owner (6 bits), generation (26 bits), index (20 bits): exact in a double, and never 0. */
template <class T>
class Slots {
 public:
  explicit Slots(uint32_t owner) : owner_(owner) {}

  static uint32_t owner_of(uint64_t id) { return static_cast<uint32_t>(id >> (kIndexBits + kGenerationBits)); }

  /** 0 when there are too many; then the thing is dropped. */
  uint64_t add(T thing) {
    if (free_.empty()) {
      if (slots_.size() == size_t{1} << kIndexBits) return 0;
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].thing = std::move(thing);
    return id_of(index);
  }

  /** Null when it is gone, or never was. */
  auto find(uint64_t id) const -> decltype(&*std::declval<T>()) {
    const uint64_t index = id & kIndexMask;
    return index < slots_.size() && slots_[index].thing && id_of(index) == id ? &*slots_[index].thing : nullptr;
  }

  /** The number means another thing from now on, where it means one at all. Gives back the one before, else this one. */
  T replace(uint64_t id, T thing) {
    if (find(id)) std::swap(slots_[id & kIndexMask].thing, thing);
    return thing;
  }

  /** Gives back the thing; null when it is not there. */
  T remove(uint64_t id) {
    if (!find(id)) return T();
    const auto index = static_cast<uint32_t>(id & kIndexMask);
    Slot& slot = slots_[index];
    slot.generation = slot.generation + 1 == 1u << kGenerationBits ? 1 : slot.generation + 1;
    free_.push_back(index);
    return std::exchange(slot.thing, T());
  }

  void clear() {
    remove_if([](const auto&) { return true; });
  }

  template <class Goes>
  void remove_if(Goes goes) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].thing && goes(*slots_[i].thing)) remove(id_of(i));
    }
  }

  /** Each that is there when it is its turn: some may be removed meanwhile. */
  template <class Visit>
  void each(Visit visit) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].thing) visit(*slots_[i].thing);
    }
  }

 private:
  static constexpr unsigned kIndexBits = 20, kGenerationBits = 26;
  static constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;

  struct Slot {
    T thing{};
    uint32_t generation = 1;
  };

  uint64_t id_of(uint64_t index) const {
    return (uint64_t{owner_} << (kIndexBits + kGenerationBits)) | (uint64_t{slots_[index].generation} << kIndexBits) | index;
  }

  const uint32_t owner_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace zc
