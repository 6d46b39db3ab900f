// HPACK as a program, for test/native/hpack*.test.ts: carries out the records on stdin and prints a line of JSON for
// each.
//
// A record is three little-endian numbers of 32 bits, then its bytes:
//   0, max_table, 0      a new decoder
//   1, max_list, size    a block, read by the last decoder
//   2, name_size, size   a field, its name and then its value, written
//   3, status, 0         a status, written
#include <cstdint>
#include <cstdio>
#include <vector>

#include "http2/hpack.h"
#include "test/quoted.h"

namespace {

using namespace zc;

struct Record {
  uint32_t kind, number, size;
};

const char* name_of(HpackResult result) {
  switch (result) {
    case HpackResult::ok: return "ok";
    case HpackResult::too_large: return "too_large";
    case HpackResult::broken: return "broken";
  }
  return "?";
}

std::string read(HpackDecoder& decoder, std::string_view block, size_t max_list) {
  HeaderList list;
  const char* const result = name_of(decoder.decode(block, max_list, list));
  std::string lines;
  for (size_t i = 0; i < list.lines.size(); ++i) {
    lines += (i == 0 ? "[" : ",[") + quoted(list.name(i)) + ',' + quoted(list.value(i)) + ']';
  }
  return std::string("{\"result\":\"") + result + "\",\"lines\":[" + lines + "]}";
}

std::string carry_out(const Record& record, std::string_view data, HpackDecoder& decoder) {
  std::string written;
  switch (record.kind) {
    case 0: decoder = HpackDecoder(record.number); return "null";
    case 1: return read(decoder, data, record.number);
    case 2: hpack_field(written, data.substr(0, record.number), data.substr(record.number)); return quoted(written);
    default: hpack_status(written, record.number); return quoted(written);
  }
}

}  // namespace

int main() {
  HpackDecoder decoder;
  Record record;
  std::vector<char> bytes;
  while (std::fread(&record, sizeof record, 1, stdin) == 1) {
    bytes.resize(record.size);
    if (std::fread(bytes.data(), 1, bytes.size(), stdin) != bytes.size()) return 1;
    std::puts(carry_out(record, {bytes.data(), bytes.size()}, decoder).c_str());
  }
}
