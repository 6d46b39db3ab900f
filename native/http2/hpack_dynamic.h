// HPACK's dynamic table: what a peer has said before. RFC 7541 §2.3.2, §4.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace zc {

/** What an entry counts for beyond its bytes, and a line of a list too (RFC 7541 §4.1). */
constexpr size_t kEntryOverhead = 32;

/**
 * A ring of bytes and a ring of entries, in one buffer that comes with the first entry and doubles up to what the table
 * may hold: some 700 bytes for a client that says little, 5.5 KiB of a full table of 4096.
 */
class HpackDynamicTable {
 public:
  struct Entry {
    uint32_t at, name_size, value_size;
  };

  explicit HpackDynamicTable(size_t max);

  /** As the peer has set it, at most `max`. */
  size_t limit() const { return limit_; }
  /** False: that is over `max`. */
  bool set_limit(size_t limit);

  /** 0 is the newest; null when there is none. */
  const Entry* find(size_t index) const;
  void append_name(const Entry& entry, std::string& to) const { append(entry.at, entry.name_size, to); }
  void append_both(const Entry& entry, std::string& to) const {
    append(entry.at, size_t{entry.name_size} + entry.value_size, to);
  }

  /**
   * text: the name, then the value; none of the table's own. An entry that is larger than the table empties it, and its
   * text is not looked at (RFC 7541 §4.4).
   */
  void add(const char* text, size_t name_size, size_t value_size);

 private:
  void evict(size_t limit);
  void grow(size_t size);
  void append(size_t at, size_t size, std::string& to) const;
  void write(const char* from, size_t size);
  Entry& entry(size_t age) const { return buffer_[(oldest_ + age) & (entries() - 1)]; }
  size_t entries() const { return capacity_ / kEntryOverhead; }
  // After the entries. What a table counts for them is more than they take, so bytes of its capacity are enough.
  char* bytes() const { return reinterpret_cast<char*>(buffer_.get() + entries()); }

  size_t max_, limit_;
  size_t size_ = 0;      // as RFC 7541 §4.1 counts it
  size_t capacity_ = 0;  // of that; a power of two
  size_t oldest_ = 0, count_ = 0;
  size_t tail_ = 0;      // where the next entry's bytes go
  std::unique_ptr<Entry[]> buffer_;
};

}  // namespace zc
