// Path bytes → what is known of them: one thread's table, open addressing, no locks.
#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "base/ref.h"
#include "base/seeded_hash.h"

namespace zc {

/** Of entries with a `path`. */
template <class Entry>
class PathTable {
 public:
  PathTable() : slots_(64), mask_(63) {}

  const Entry* find(std::string_view path) const {
    for (size_t i = hash_(path) & mask_; slots_[i]; i = (i + 1) & mask_) {
      if (slots_[i]->path == path) return slots_[i].get();
    }
    return nullptr;
  }

  void put(Ref<Entry> entry) {
    remove(entry->path);
    if ((count_ + 1) * 2 > slots_.size()) grow();
    place(std::move(entry));
    ++count_;
  }

  // Linear probing without tombstones: later members of the chain move up into the hole.
  void remove(std::string_view path) {
    size_t hole = hash_(path) & mask_;
    while (slots_[hole] && slots_[hole]->path != path) hole = (hole + 1) & mask_;
    if (!slots_[hole]) return;
    slots_[hole] = {};
    --count_;
    for (size_t i = (hole + 1) & mask_; slots_[i]; i = (i + 1) & mask_) {
      const size_t home = hash_(slots_[i]->path) & mask_;
      const bool reachable = ((i - home) & mask_) < ((i - hole) & mask_);
      if (reachable) continue;
      slots_[hole] = std::move(slots_[i]);
      slots_[i] = {};
      hole = i;
    }
  }

  template <class Visit>
  void each(Visit visit) const {
    for (const Ref<Entry>& slot : slots_) {
      if (slot) visit(*slot);
    }
  }

  void clear() {
    for (Ref<Entry>& slot : slots_) slot = {};
    count_ = 0;
  }

 private:
  void place(Ref<Entry> entry) {
    size_t i = hash_(entry->path) & mask_;
    while (slots_[i]) i = (i + 1) & mask_;
    slots_[i] = std::move(entry);
  }

  void grow() {
    std::vector<Ref<Entry>> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (Ref<Entry>& slot : old) {
      if (slot) place(std::move(slot));
    }
  }

  const SeededHash hash_{};
  std::vector<Ref<Entry>> slots_;
  size_t mask_;
  size_t count_ = 0;
};

}  // namespace zc
