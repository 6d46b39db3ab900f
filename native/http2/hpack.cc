#include "http2/hpack.h"

#include <algorithm>

#include "http2/hpack_huffman.h"
#include "http2/hpack_static.h"

namespace zc {

namespace {

// Of a list that is read into again: a browser's request takes less.
constexpr size_t kKeptBytes = 4096, kKeptLines = 64;

class BlockDecoder {
 public:
  BlockDecoder(HpackDynamicTable& table, std::string_view block, size_t max_list, HeaderList& to)
      : table_(table), to_(to), left_(std::min<size_t>(max_list, UINT32_MAX)),
        at_(reinterpret_cast<const uint8_t*>(block.data())), end_(at_ + block.size()) {}

  HpackResult decode() {
    // RFC 7541 §4.2: before the first field only. A peer has reason for two; more of them cost nothing.
    while (at_ < end_ && (*at_ & 0xe0) == 0x20) {
      if (!size_update()) return HpackResult::broken;
    }
    while (at_ < end_) {
      if (!field()) return HpackResult::broken;
    }
    return over_ ? HpackResult::too_large : HpackResult::ok;
  }

 private:
  // RFC 7541 §6
  bool field() {
    if (*at_ & 0x80) return indexed_field();
    if (*at_ & 0x40) return literal_field(6, true);
    if (*at_ & 0x20) return false;
    return literal_field(4, false);  // Never indexed (0x10) is for those who pass it on.
  }

  // RFC 7541 §6.1
  bool indexed_field() {
    const size_t at = to_.bytes.size();
    uint32_t index;
    if (!integer(7, index) || index == 0) return false;
    if (index <= kStaticCount) {
      const StaticField& field = kStaticFields[index - 1];
      if (keep(at, field.name.size(), field.value.size())) to_.bytes.append(field.name).append(field.value);
      return true;
    }
    const auto* entry = table_.find(index - kStaticCount - 1);
    if (entry == nullptr) return false;
    if (keep(at, entry->name_size, entry->value_size)) table_.append_both(*entry, to_.bytes);
    return true;
  }

  // RFC 7541 §6.2. Name and value are put at the end of the list first, as far as the list or the table has room.
  bool literal_field(unsigned prefix, bool indexed) {
    const size_t at = to_.bytes.size();
    const size_t room = std::max(left_, indexed ? table_.limit() : 0);
    uint32_t index;
    size_t name_size, value_size;
    if (!integer(prefix, index)) return false;
    if (!(index == 0 ? text(room, name_size) : name_of(index, room, name_size))) return false;
    if (!text(room - std::min(room, name_size), value_size)) return false;
    if (indexed) table_.add(to_.bytes.data() + at, name_size, value_size);
    if (!keep(at, name_size, value_size)) to_.bytes.resize(at);
    return true;
  }

  // RFC 7541 §6.3
  bool size_update() {
    uint32_t limit;
    return integer(5, limit) && table_.set_limit(limit);
  }

  bool name_of(uint32_t index, size_t room, size_t& size) {
    if (index <= kStaticCount) {
      to_.bytes.append(kStaticFields[index - 1].name);
      size = kStaticFields[index - 1].name.size();
      return true;
    }
    const auto* entry = table_.find(index - kStaticCount - 1);
    if (entry == nullptr) return false;
    size = entry->name_size;
    if (size <= room) table_.append_name(*entry, to_.bytes);
    return true;
  }

  // Appends a string if it has at most `room` bytes (RFC 7541 §5.2).
  bool text(size_t room, size_t& size) {
    if (at_ == end_) return false;
    const bool coded = *at_ & 0x80;
    uint32_t length;
    if (!integer(7, length) || length > static_cast<size_t>(end_ - at_)) return false;
    const std::string_view bytes(reinterpret_cast<const char*>(at_), length);
    at_ += length;
    if (coded) return huffman_text(bytes, room, size);
    size = length;
    if (size <= room) to_.bytes.append(bytes);
    return true;
  }

  bool huffman_text(std::string_view coded, size_t room, size_t& size) {
    size_t bound = huffman_bound(coded.size());
    if (bound > room) {
      const auto measured = huffman_text_size(coded);
      if (!measured) return false;
      size = bound = *measured;
      if (size > room) return true;
    }
    const size_t at = to_.bytes.size();
    to_.bytes.resize(at + bound);
    const auto decoded = huffman_decode(coded, to_.bytes.data() + at);
    if (!decoded) return false;
    size = *decoded;
    to_.bytes.resize(at + size);
    return true;
  }

  // RFC 7541 §5.1. Four bytes say more than any block has; a fifth is refused, be it of zeros.
  bool integer(unsigned prefix, uint32_t& value) {
    const uint32_t largest = (1u << prefix) - 1;
    value = *at_++ & largest;
    if (value < largest) return true;
    for (unsigned shift = 0; shift < 28 && at_ < end_; shift += 7) {
      const uint8_t byte = *at_++;
      value += (byte & 0x7fu) << shift;
      if (!(byte & 0x80)) return true;
    }
    return false;
  }

  // Counts a line whose bytes begin at `at`. False: it is not kept, and no other is from then on.
  bool keep(size_t at, size_t name_size, size_t value_size) {
    const size_t size = name_size + value_size + kEntryOverhead;
    if (size > left_) {
      over_ = true;
      left_ = 0;
      return false;
    }
    left_ -= size;
    const auto name_at = static_cast<uint32_t>(at), length = static_cast<uint32_t>(name_size);
    to_.lines.push_back({name_at, length, name_at + length, static_cast<uint32_t>(value_size)});
    return true;
  }

  HpackDynamicTable& table_;
  HeaderList& to_;
  size_t left_;  // of max_list
  bool over_ = false;
  const uint8_t* at_;
  const uint8_t* const end_;
};

}  // namespace

void HeaderList::clear() {
  if (bytes.capacity() > kKeptBytes) std::string().swap(bytes);
  if (lines.capacity() > kKeptLines) std::vector<Line>().swap(lines);
  bytes.clear();
  lines.clear();
}

HpackResult HpackDecoder::decode(std::string_view block, size_t max_list, HeaderList& to) {
  to.clear();
  return BlockDecoder(table_, block, max_list, to).decode();
}

}  // namespace zc
