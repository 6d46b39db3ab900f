// The writing half of hpack.h.
#include <algorithm>
#include <iterator>

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

size_t index_of(const StaticField* field) { return static_cast<size_t>(field - kStaticFields) + 1; }

}  // namespace

void hpack_status(std::string& to, unsigned status) {
  hpack_field(to, ":status", std::to_string(status));
}

void hpack_field(std::string& to, std::string_view name, std::string_view value) {
  const StaticField* const end = std::end(kStaticFields);
  const auto is_named = [&](const StaticField& field) { return field.name == name; };
  const StaticField* const named = std::find_if(kStaticFields, end, is_named);
  // Those of one name follow one another.
  for (const StaticField* field = named; field != end && is_named(*field); ++field) {
    if (field->value == value) return write_integer(to, 0x80, 7, index_of(field));
  }
  write_integer(to, 0, 4, named == end ? 0 : index_of(named));
  if (named == end) write_text(to, name);
  write_text(to, value);
}

}  // namespace zc
