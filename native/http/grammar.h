// The grammar that field values of any HTTP version share: letters without case, lists, numbers. RFC 9110 §5.6.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace zc {

constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Compares word by word, the last word overlapping the one before it.
template <typename Word>
bool words_equal_folded(std::string_view text, std::string_view lower) {
  const Word fold = static_cast<Word>(0x2020202020202020u);
  for (size_t at = 0;; at = std::min(at + sizeof(Word), text.size() - sizeof(Word))) {
    Word left, right;
    std::memcpy(&left, text.data() + at, sizeof left);
    std::memcpy(&right, lower.data() + at, sizeof right);
    if ((left | fold) != right) return false;
    if (at + sizeof(Word) == text.size()) return true;
  }
}

// Whether text is lower but for the case of its letters. Folding by 0x20 is exact where lower holds letters, digits and
// '-' only and text no control bytes.
inline bool equals_folded(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  if (text.size() >= 8) return words_equal_folded<uint64_t>(text, lower);
  if (text.size() >= 4) return words_equal_folded<uint32_t>(text, lower);
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next element off a comma-separated list (RFC 9110 §5.6.1).
inline std::string_view next_element(std::string_view& list) {
  const size_t comma = std::min(list.find(','), list.size());
  const std::string_view element = trim(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

inline bool list_has(std::string_view list, std::string_view lower) {
  while (!list.empty()) {
    if (equals_folded(next_element(list), lower)) return true;
  }
  return false;
}

inline bool read_length(std::string_view digits, uint64_t& length) {
  length = 0;
  for (const char digit : digits) {
    if (!is_digit(digit)) return false;
    if (__builtin_mul_overflow(length, 10u, &length)) return false;
    if (__builtin_add_overflow(length, static_cast<unsigned>(digit - '0'), &length)) return false;
  }
  return !digits.empty();
}

inline void append_number(std::string& text, uint64_t number, int base = 10) {
  char digits[20];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, number, base).ptr);
}

}  // namespace zc
