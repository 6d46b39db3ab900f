// HPACK, the compression of field lines in HTTP/2. RFC 7541.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "http2/hpack_dynamic.h"

namespace zc {

/** The field lines of one block in their order, in one buffer. */
struct HeaderList {
  struct Line {
    uint32_t name_at, name_size, value_at, value_size;
  };

  std::string_view name(size_t i) const { return {bytes.data() + lines[i].name_at, lines[i].name_size}; }
  std::string_view value(size_t i) const { return {bytes.data() + lines[i].value_at, lines[i].value_size}; }
  /** Keeps the memory that most blocks need, and no more. */
  void clear();

  std::string bytes;
  std::vector<Line> lines;
};

enum class HpackResult : uint8_t {
  ok,
  too_large,  // The list is over its limit. The dynamic table is in step with the peer's all the same.
  broken,     // COMPRESSION_ERROR: nothing more can be read on the connection (RFC 9113 §4.3).
};

/** Reads the blocks of one connection, all of them and in their order: each may change what the next means. */
class HpackDecoder {
 public:
  /** max_table: SETTINGS_HEADER_TABLE_SIZE as it was sent; if less than 4096, then acknowledged too. */
  explicit HpackDecoder(size_t max_table = 4096) : table_(max_table) {}

  /**
   * Reads a whole block, its fragments joined. max_list bounds the sum of name + value + 32 of all lines (RFC 9113
   * §6.5.2); of a list that is over it, the lines before the one that went over are kept.
   *
   * Whatever the block says, `to` never holds more than max_list and the table's size (but for the capacity that a
   * string and a vector have to spare), and the time is in proportion to the block's size: at worst, each two bytes of
   * it copy as much as the table holds.
   */
  HpackResult decode(std::string_view block, size_t max_list, HeaderList& to);

 private:
  HpackDynamicTable table_;
};

// Writing. Nothing is put into the peer's dynamic table: a block is the same for every connection, made once.

void hpack_status(std::string& to, unsigned status);

/** name: in lower case. */
void hpack_field(std::string& to, std::string_view name, std::string_view value);

}  // namespace zc
