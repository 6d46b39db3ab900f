// Mutates HPACK blocks and checks what must hold for any bytes; built with the sanitizers by
// test/native/hpack-fuzz.test.ts.
//
// hpack_fuzz BLOCKS SEED [FIRST]: BLOCKS blocks, four to a connection, of connections from number FIRST (default 0) on.
// Each connection follows from the seed and its number alone, so `hpack_fuzz 4 SEED NUMBER` repeats one.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "http2/hpack.h"
#include "http2/hpack_huffman.h"
#include "test/fuzz.h"

namespace {

using namespace zc;

constexpr int kBlocksEach = 4;
constexpr size_t kUnlimited = size_t{1} << 31;

unsigned long long by_result[3] = {};

void require(bool holds, const char* claim, std::string_view block) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\nblock, %zu bytes:\n", claim, block.size());
  for (const unsigned char byte : block) std::fprintf(stderr, "%02x ", byte);
  std::fputs("\n", stderr);
  fuzz::report_position();
  std::exit(1);
}

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

std::string random_text(Random& random) {
  static const char* const kWords[] = {
      "a", "x-name", "accept", "", "gzip, deflate, br", "Mon, 21 Oct 2013 20:13:21 GMT",
  };
  if (!random.one_in(3)) return kWords[random.below(6)];
  std::string text(random.below(random.one_in(200) ? 20000 : 60), 'x');
  if (random.one_in(2)) for (char& byte : text) byte = static_cast<char>(random.next());
  return text;
}

void write_text(std::string& to, Random& random) {
  const std::string text = random_text(random);
  if (random.one_in(2)) {
    write_integer(to, 0, 7, text.size());
    to += text;
    return;
  }
  const size_t coded = huffman_size(text);
  write_integer(to, 0x80, 7, coded);
  to.resize(to.size() + coded);
  huffman_encode(text, to.data() + to.size() - coded);
}

// Well-formed, but that an index may lead nowhere.
std::string random_block(Random& random) {
  std::string block;
  if (random.one_in(8)) write_integer(block, 0x20, 5, random.below(4097));
  for (size_t fields = random.below(random.one_in(8) ? 60 : 8); fields > 0; --fields) {
    const size_t index = random.below(random.one_in(4) ? 70 : 64);
    if (random.one_in(2)) {
      write_integer(block, 0x80, 7, std::max<size_t>(index, 1));
      continue;
    }
    const bool named = random.one_in(2);
    if (random.one_in(2)) write_integer(block, 0x40, 6, named ? index : 0);
    else write_integer(block, random.one_in(2) ? 0x10 : 0, 4, named ? index : 0);
    if (!named || index == 0) write_text(block, random);
    write_text(block, random);
  }
  return block;
}

void mutate(std::string& block, Random& random) {
  const size_t at = random.below(block.size() + 1);
  const size_t length = std::min(random.below(random.one_in(4) ? 64 : 4), block.size() - at);
  switch (random.below(6)) {
    case 0: block.erase(at, length); break;
    case 1: block.insert(at, block.substr(at, length)); break;
    case 2: block.insert(at, 1, static_cast<char>(random.next())); break;
    case 3: block.insert(at, length, static_cast<char>(random.one_in(2) ? 0xff : 0x80)); break;
    case 4: block.insert(at, random_block(random)); break;
    case 5:
      if (at < block.size()) block[at] = static_cast<char>(block[at] ^ (1 << random.below(8)));
      break;
  }
}

size_t list_size(const HeaderList& list) { return list.bytes.size() + 32 * list.lines.size(); }

void check_list(const HeaderList& list, size_t max_table, size_t max_list, std::string_view block) {
  size_t at = 0;
  for (const auto& line : list.lines) {
    require(line.name_at == at && line.value_at == at + line.name_size, "lines follow one another", block);
    at = line.value_at + line.value_size;
  }
  require(at <= list.bytes.size(), "lines lie within the bytes", block);
  // A vector and a string double.
  require(list.bytes.capacity() <= 2 * (max_list + max_table) + 4096, "the bytes keep their bound", block);
  require(list.lines.capacity() <= 2 * (max_list / 32 + 64), "the lines keep their bound", block);
}

bool is_prefix(const HeaderList& part, const HeaderList& whole) {
  if (part.lines.size() > whole.lines.size()) return false;
  for (size_t i = 0; i < part.lines.size(); ++i) {
    if (part.name(i) != whole.name(i) || part.value(i) != whole.value(i)) return false;
  }
  return true;
}

// One decoder has a limit and one has none: but for that they agree, block for block.
void fuzz_connection(Random& random) {
  const size_t max_table = random.one_in(4) ? random.below(300) : 4096;
  const size_t max_list = random.one_in(2) ? random.below(400) : random.below(20000);
  HpackDecoder limited(max_table), unlimited(max_table);
  HeaderList kept, all;
  for (int i = 0; i < kBlocksEach; ++i) {
    std::string made = random_block(random);
    if (random.one_in(2)) for (size_t changes = random.below(4); changes > 0; --changes) mutate(made, random);
    // In a buffer of exactly its size.
    const std::unique_ptr<char[]> exact(new char[made.size()]);
    std::copy(made.begin(), made.end(), exact.get());
    const std::string_view block(exact.get(), made.size());

    const HpackResult result = limited.decode(block, max_list, kept);
    const HpackResult without = unlimited.decode(block, kUnlimited, all);
    ++by_result[static_cast<int>(result)];
    check_list(kept, max_table, max_list, block);
    const bool broken = result == HpackResult::broken;
    require(broken == (without == HpackResult::broken), "a limit does not hide what is broken", block);
    require(is_prefix(kept, all), "what is kept begins as the whole does", block);
    if (broken) return;
    require(without == HpackResult::ok, "without a limit nothing is too large", block);
    require((result == HpackResult::ok) == (list_size(all) <= max_list), "too large is what is over the limit", block);
    require(list_size(kept) <= max_list, "what is kept is within the limit", block);
    const bool whole = kept.lines.size() == all.lines.size();
    require(whole == (result == HpackResult::ok), "what is over the limit is not whole", block);
  }
}

}  // namespace

int main(int count, char** arguments) {
  fuzz::each = kBlocksEach;
  const auto made = [](unsigned long long) { return by_result[0] + by_result[1] + by_result[2]; };
  if (!fuzz::run(count, arguments, "hpack_fuzz", fuzz_connection, made)) return 2;
  std::printf("%llu ok, %llu too large, %llu broken\n", by_result[0], by_result[1], by_result[2]);
}
