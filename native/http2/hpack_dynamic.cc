#include "http2/hpack_dynamic.h"

#include <algorithm>
#include <cstring>

namespace zc {

namespace {

// RFC 9113 §6.5.2: a peer begins with this much, and has to say so before it takes more.
constexpr size_t kInitialLimit = 4096;

constexpr size_t kFirstCapacity = 512;

}  // namespace

HpackDynamicTable::HpackDynamicTable(size_t max) : max_(max), limit_(std::min(max, kInitialLimit)) {}

bool HpackDynamicTable::set_limit(size_t limit) {
  if (limit > max_) return false;
  limit_ = limit;
  evict(limit);
  return true;
}

const HpackDynamicTable::Entry* HpackDynamicTable::find(size_t index) const {
  return index < count_ ? &entry(count_ - 1 - index) : nullptr;
}

void HpackDynamicTable::add(const char* text, size_t name_size, size_t value_size) {
  const size_t size = name_size + value_size + kEntryOverhead;
  if (size > limit_) return evict(0);
  evict(limit_ - size);
  if (size_ + size > capacity_) grow(size_ + size);
  entry(count_++) = {static_cast<uint32_t>(tail_), static_cast<uint32_t>(name_size), static_cast<uint32_t>(value_size)};
  write(text, name_size + value_size);
  size_ += size;
}

void HpackDynamicTable::evict(size_t limit) {
  while (size_ > limit) {
    const Entry& gone = entry(0);
    size_ -= gone.name_size + gone.value_size + kEntryOverhead;
    oldest_ = (oldest_ + 1) & (entries() - 1);
    --count_;
  }
}

void HpackDynamicTable::grow(size_t size) {
  HpackDynamicTable larger(max_);
  larger.capacity_ = std::max(capacity_, kFirstCapacity);
  while (larger.capacity_ < size) larger.capacity_ *= 2;
  // new T[] without (): the bytes are written before they are read.
  larger.buffer_.reset(new Entry[larger.entries() + larger.capacity_ / sizeof(Entry) + 1]);
  larger.limit_ = limit_;
  std::string text;
  for (size_t age = 0; age < count_; ++age) {
    const Entry& old = entry(age);
    text.clear();
    append_both(old, text);
    larger.add(text.data(), old.name_size, old.value_size);
  }
  *this = std::move(larger);
}

void HpackDynamicTable::append(size_t at, size_t size, std::string& to) const {
  const size_t before_end = std::min(size, capacity_ - at);
  to.append(bytes() + at, before_end);
  if (size > before_end) to.append(bytes(), size - before_end);
}

void HpackDynamicTable::write(const char* from, size_t size) {
  const size_t before_end = std::min(size, capacity_ - tail_);
  std::memcpy(bytes() + tail_, from, before_end);
  std::memcpy(bytes(), from + before_end, size - before_end);
  tail_ = (tail_ + size) & (capacity_ - 1);
}

}  // namespace zc
