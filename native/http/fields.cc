#include "http/fields.h"

#include <array>
#include <cstdlib>

#include "http/grammar.h"

namespace zc {
namespace {

// Length, first and last letter tell all the names apart; the table's builder refuses to compile a collision.
constexpr size_t kNameSlots = 64;

constexpr size_t name_slot(std::string_view name) {
  return (name.size() + (name.front() | 0x20) * 14 + (name.back() | 0x20) * 5) % kNameSlots;
}

constexpr std::array<uint8_t, kNameSlots> index_names() {
  std::array<uint8_t, kNameSlots> slots{};
  for (auto& slot : slots) slot = kFieldCount;
  for (uint8_t field = 0; field < kFieldCount; ++field) {
    uint8_t& slot = slots[name_slot(kFieldNames[field])];
    if (slot != kFieldCount) std::abort();  // not constant: a shared slot does not compile
    slot = field;
  }
  return slots;
}

constexpr std::array<uint8_t, kNameSlots> kFieldBySlot = index_names();

}  // namespace

Field find_field(std::string_view name) {
  const uint8_t field = kFieldBySlot[name_slot(name)];
  if (field == kFieldCount || !equals_folded(name, kFieldNames[field])) return kFieldCount;
  return static_cast<Field>(field);
}

}  // namespace zc
