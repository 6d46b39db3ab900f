// Path bytes → prepared replies: one thread's table, open addressing, no locks.
#pragma once
#include <string_view>
#include <vector>

#include "http/reply.h"

namespace zc {

class HotTable {
 public:
  HotTable();

  const HotEntry* find(std::string_view path) const {
    for (size_t i = hash(path) & mask_; slots_[i].entry; i = (i + 1) & mask_) {
      if (slots_[i].entry->path == path) return slots_[i].entry.get();
    }
    return nullptr;
  }
  void put(Ref<HotEntry> entry);
  void remove(std::string_view path);
  void clear();

 private:
  struct Slot {
    Ref<HotEntry> entry;
  };
  size_t hash(std::string_view path) const;
  void grow();

  std::vector<Slot> slots_;
  size_t mask_;
  size_t count_ = 0;
  const uint64_t seed_;
};

}  // namespace zc
