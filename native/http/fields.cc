#include "http/fields.h"

#include <array>
#include <cstdlib>

#include "http/grammar.h"

namespace zc {
namespace {

// Length, first and last letter tell all the names apart, with weights that the compiler finds.
constexpr size_t kNameSlots = 256;

struct Weights {
  size_t first, last;
};

constexpr size_t name_slot(std::string_view name, Weights weights) {
  const size_t first = name.front() | 0x20, last = name.back() | 0x20;
  return (name.size() + first * weights.first + last * weights.last) % kNameSlots;
}

constexpr bool tell_apart(Weights weights) {
  bool taken[kNameSlots] = {};
  for (const std::string_view name : kFieldNames) {
    bool& slot = taken[name_slot(name, weights)];
    if (slot) return false;
    slot = true;
  }
  return true;
}

constexpr Weights find_weights() {
  for (size_t first = 0; first < kNameSlots; ++first) {
    for (size_t last = 0; last < kNameSlots; ++last) {
      if (tell_apart({first, last})) return {first, last};
    }
  }
  std::abort();  // not constant: names that no weights tell apart do not compile
}

constexpr Weights kWeights = find_weights();

constexpr std::array<uint8_t, kNameSlots> index_names() {
  std::array<uint8_t, kNameSlots> slots{};
  for (auto& slot : slots) slot = kFieldCount;
  for (uint8_t field = 0; field < kFieldCount; ++field) slots[name_slot(kFieldNames[field], kWeights)] = field;
  return slots;
}

constexpr std::array<uint8_t, kNameSlots> kFieldBySlot = index_names();

}  // namespace

Field find_field(std::string_view name) {
  const uint8_t field = kFieldBySlot[name_slot(name, kWeights)];
  if (field == kFieldCount || !equals_folded(name, kFieldNames[field])) return kFieldCount;
  return static_cast<Field>(field);
}

}  // namespace zc
