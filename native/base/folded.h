// ASCII text whose letters may be upper or lower case.
#pragma once
#include <algorithm>
#include <string_view>

namespace zc {

inline char folded(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; }

inline bool same_folded(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return folded(a) == folded(b); });
}

}  // namespace zc
