#include "http/date.h"

#include "http/grammar.h"

namespace zc {

bool HttpDate::read(std::string_view text, time_t& second) {
  if (text.size() != kSize) return false;
  const auto number = [text](size_t at, size_t digits) {
    uint64_t value = 0;
    return read_length(text.substr(at, digits), value) ? static_cast<int>(value) : -1;
  };
  const size_t month = std::string_view("JanFebMarAprMayJunJulAugSepOctNovDec").find(text.substr(8, 3));
  tm parts{};
  parts.tm_mday = number(5, 2);
  parts.tm_mon = static_cast<int>(month / 3);
  parts.tm_year = number(12, 4) - 1900;
  parts.tm_hour = number(17, 2);
  parts.tm_min = number(20, 2);
  parts.tm_sec = number(23, 2);
  second = timegm(&parts);
  // What is no date, or not written so, is not what this second is written as.
  HttpDate written;
  written.update(second);
  return written.text() == text;
}

}  // namespace zc
