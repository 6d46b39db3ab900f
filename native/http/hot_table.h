// Path bytes → prepared replies: one thread's table, open addressing, no locks.
#pragma once
#include <string_view>
#include <vector>

#include "http1/parser.h"
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

/** The prepared reply for this request, or null: the question goes to TypeScript. Compares; all it reads is one range. */
Ref<const Reply> match(const HotEntry& entry, const RequestHead& request);

}  // namespace zc
