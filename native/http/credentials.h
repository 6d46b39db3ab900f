// Who a client says that it is. RFC 7617.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "http/grammar.h"

namespace zc {

/** The value of a letter of base64 (RFC 4648 §4), or -1. */
constexpr int base64_value(char letter) {
  if (letter >= 'A' && letter <= 'Z') return letter - 'A';
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
  if (is_digit(letter)) return letter - '0' + 52;
  return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/** Of an Authorization field, whether its password is right or not; empty where it is no Basic one. */
inline std::string user_in(std::string_view field) {
  constexpr std::string_view kBasic = "basic";
  if (field.size() <= kBasic.size() || field[kBasic.size()] != ' ' || !equals_folded(field.substr(0, kBasic.size()), kBasic)) return {};
  field.remove_prefix(kBasic.size());
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  for (int i = 0; i < 2 && !field.empty() && field.back() == '='; ++i) field.remove_suffix(1);
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : field) {
    const int value = base64_value(letter);
    if (value < 0) return {};
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    text += static_cast<char>(bits >> count & 0xff);
  }
  const size_t colon = text.find(':');
  return colon == text.npos ? std::string() : text.substr(0, colon);
}

}  // namespace zc
