#include "http2/hpack_huffman.h"

#include <array>
#include <cstdint>

namespace zc {

namespace {

constexpr unsigned kSymbols = 257;  // The bytes, and EOS.
constexpr unsigned kEos = 256;
constexpr int kLongest = 30;  // bits

// Bits of each symbol's code. They are all that is to be known: codes of a length count up in the order of their
// symbols, and follow those that are shorter.
constexpr uint8_t kSizes[kSymbols] = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,  // 00
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,  // 10
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,  // 20
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,  // 30
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,  // 40
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,  // 50
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,  // 60
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,  // 70
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,  // 80
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,  // 90
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,  // a0
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,  // b0
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,  // c0
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,  // d0
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,  // e0
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,  // f0
    30,  // EOS
};

// Codes up to this size are found by one look; they are those of all that is usual in fields.
constexpr int kShort = 10;

struct Code {
  uint8_t symbol, size;
};

struct Tables {
  uint32_t codes[kSymbols] = {};
  // By the next bits; size 0 where the code is longer.
  Code by_bits[1 << kShort] = {};
  // By code, and where those of a size begin in it.
  uint16_t symbols[kSymbols] = {};
  uint16_t first[kLongest + 1] = {};
  // Up to which value of the next 32 bits, exclusive, the code has at most this size.
  uint64_t limits[kLongest + 1] = {};
};

constexpr Tables make_tables() {
  Tables tables;
  uint32_t code = 0;
  uint16_t order = 0;
  for (int size = 1; size <= kLongest; ++size) {
    code <<= 1;
    tables.first[size] = order;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (kSizes[symbol] != size) continue;
      tables.codes[symbol] = code;
      tables.symbols[order++] = static_cast<uint16_t>(symbol);
      if (size <= kShort) {
        const unsigned begin = code << (kShort - size), end = (code + 1) << (kShort - size);
        for (unsigned bits = begin; bits < end; ++bits) {
          tables.by_bits[bits] = {static_cast<uint8_t>(symbol), static_cast<uint8_t>(size)};
        }
      }
      ++code;
    }
    tables.limits[size] = uint64_t{code} << (32 - size);
  }
  return tables;
}

constexpr Tables kTables = make_tables();

// Every sequence of bits begins with some code, so the search below ends.
static_assert(kTables.limits[kLongest] == uint64_t{1} << 32);

// The next bits of a string, those that come first at the top.
class Bits {
 public:
  explicit Bits(std::string_view coded)
      : at_(reinterpret_cast<const unsigned char*>(coded.data())), end_(at_ + coded.size()) {}

  // The next 32, of which kLongest are right. Behind the end they are ones, as the padding is.
  uint32_t next() {
    if (held_ < kLongest) fill();
    return static_cast<uint32_t>(window_ >> 32);
  }
  int held() const { return held_; }
  void drop(int bits) {
    window_ <<= bits;
    held_ -= bits;
  }

 private:
  void fill() {
    if (end_ - at_ >= 4) {
      const uint32_t word = uint32_t{at_[0]} << 24 | uint32_t{at_[1]} << 16 | uint32_t{at_[2]} << 8 | at_[3];
      window_ |= uint64_t{word} << (32 - held_);
      held_ += 32;
      at_ += 4;
      return;
    }
    for (; at_ < end_; held_ += 8) window_ |= uint64_t{*at_++} << (56 - held_);
    window_ |= ~uint64_t{0} >> held_;
  }

  uint64_t window_ = 0;
  int held_ = 0;  // bits of it that are the string's
  const unsigned char* at_;
  const unsigned char* const end_;
};

// False: broken.
template <class Put>
bool decode(std::string_view coded, Put put) {
  Bits bits(coded);
  for (;;) {
    const uint32_t next = bits.next();
    unsigned symbol = kTables.by_bits[next >> (32 - kShort)].symbol;
    int size = kTables.by_bits[next >> (32 - kShort)].size;
    if (size == 0) {
      for (size = kShort + 1; next >= kTables.limits[size];) ++size;
      const auto nth = static_cast<uint32_t>(next - kTables.limits[size - 1]) >> (32 - size);
      symbol = kTables.symbols[kTables.first[size] + nth];
    }
    // What is left is no code: less than a byte of ones, or the string is broken.
    if (size > bits.held()) return bits.held() < 8 && next == ~uint32_t{0};
    if (symbol == kEos) return false;
    put(static_cast<char>(symbol));
    bits.drop(size);
  }
}

}  // namespace

size_t huffman_size(std::string_view text) {
  size_t bits = 0;
  for (const unsigned char byte : text) bits += kSizes[byte];
  return (bits + 7) / 8;
}

void huffman_encode(std::string_view text, char* to) {
  uint64_t window = 0;
  int held = 0;  // bits at its bottom that are not written
  for (const unsigned char byte : text) {
    window = window << kSizes[byte] | kTables.codes[byte];
    for (held += kSizes[byte]; held >= 8; held -= 8) *to++ = static_cast<char>(window >> (held - 8));
  }
  if (held > 0) *to = static_cast<char>(window << (8 - held) | 0xff >> held);
}

std::optional<size_t> huffman_text_size(std::string_view coded) {
  size_t size = 0;
  if (!decode(coded, [&](char) { ++size; })) return std::nullopt;
  return size;
}

std::optional<size_t> huffman_decode(std::string_view coded, char* to) {
  char* at = to;
  if (!decode(coded, [&](char byte) { *at++ = byte; })) return std::nullopt;
  return static_cast<size_t>(at - to);
}

}  // namespace zc
