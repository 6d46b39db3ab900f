// Bytes in the JSON that the programs beside this file print.
#pragma once
#include <cstdio>
#include <string>
#include <string_view>

namespace zc {

/** A string of the characters that have the same numbers as the bytes. */
inline std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const unsigned char byte : text) {
    char escaped[8];
    const bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    std::snprintf(escaped, sizeof escaped, plain ? "%c" : "\\u%04x", byte);
    json += escaped;
  }
  return json + '"';
}

}  // namespace zc
