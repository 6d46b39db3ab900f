// The writing half of hpack.h.
#include "http2/hpack.h"
#include "http2/hpack_huffman.h"
#include "http2/hpack_static.h"

namespace zc {

namespace {

// RFC 7541 §5.1. kind: the bits before the prefix.
void write_integer(std::string& to, unsigned kind, unsigned prefix, size_t value) {
  const size_t largest = (size_t{1} << prefix) - 1;
  if (value < largest) {
    to += static_cast<char>(kind | value);
    return;
  }
  to += static_cast<char>(kind | largest);
  for (value -= largest; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

// RFC 7541 §5.2
void write_text(std::string& to, std::string_view text) {
  const size_t coded = huffman_size(text);
  if (coded < text.size()) {
    write_integer(to, 0x80, 7, coded);
    to.resize(to.size() + coded);
    huffman_encode(text, to.data() + to.size() - coded);
  } else {
    write_integer(to, 0, 7, text.size());
    to += text;
  }
}

// A perfect hash of the static table's names: one comparison finds a name, or tells that it is not there.
struct NameSlots {
  static constexpr unsigned kBits = 7;

  static constexpr size_t slot_of(std::string_view name) {
    const auto byte = [](char letter) { return static_cast<uint32_t>(static_cast<unsigned char>(letter)); };
    const uint32_t key = static_cast<uint32_t>(name.size()) << 16 | byte(name.front()) << 8 | byte(name.back());
    // Found by trial: no two names meet.
    return key * 0xb8f11b8fu >> (32 - kBits);
  }

  constexpr NameSlots() {
    for (size_t i = kStaticCount; i-- > 0;) fields[slot_of(kStaticFields[i].name)] = static_cast<uint8_t>(i);
  }
  constexpr bool is_perfect() const {
    for (size_t i = 0; i < kStaticCount; ++i) {
      if (kStaticFields[fields[slot_of(kStaticFields[i].name)]].name != kStaticFields[i].name) return false;
    }
    return true;
  }

  uint8_t fields[1 << kBits] = {};  // the first of a name, in kStaticFields; in a slot of none, any
};

constexpr NameSlots kNameSlots;
static_assert(kNameSlots.is_perfect());

// kStaticCount: there is none of this name.
size_t find_name(std::string_view name) {
  if (name.empty()) return kStaticCount;
  const size_t at = kNameSlots.fields[NameSlots::slot_of(name)];
  return kStaticFields[at].name == name ? at : kStaticCount;
}

}  // namespace

void hpack_status(std::string& to, unsigned status) {
  hpack_field(to, ":status", std::to_string(status));
}

void hpack_field(std::string& to, std::string_view name, std::string_view value) {
  const size_t named = find_name(name);
  // Those of one name follow one another. Indices count from 1.
  for (size_t at = named; at < kStaticCount && kStaticFields[at].name == name; ++at) {
    if (kStaticFields[at].value == value) return write_integer(to, 0x80, 7, at + 1);
  }
  write_integer(to, 0, 4, named == kStaticCount ? 0 : named + 1);
  if (named == kStaticCount) write_text(to, name);
  write_text(to, value);
}

}  // namespace zc
