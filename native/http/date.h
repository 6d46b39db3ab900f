// The time of day as HTTP says it, made once a second. RFC 9110 §5.6.7, §6.6.1.
#pragma once
#include <time.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace zc {

class HttpDate {
 public:
  /** IMF-fixdate. */
  std::string_view text() const { return {text_, kSize}; }

  void update(time_t second) {
    if (second == second_) return;
    second_ = second;
    tm parts;
    gmtime_r(&second, &parts);
    // Not strftime: its names follow the locale, IMF-fixdate's do not. Nor snprintf, which takes half a microsecond.
    memcpy(text_, "Sun, 00 Jan 0000 00:00:00 GMT", kSize);
    memcpy(text_, &"SunMonTueWedThuFriSat"[3 * parts.tm_wday], 3);
    write(5, parts.tm_mday);
    memcpy(text_ + 8, &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * parts.tm_mon], 3);
    const int year = (parts.tm_year + 1900) % 10000;
    write(12, year / 100);
    write(14, year % 100);
    write(17, parts.tm_hour);
    write(20, parts.tm_min);
    write(23, parts.tm_sec);
  }

  /** Reads an IMF-fixdate as `text` writes it, and nothing else: the obsolete forms are TypeScript's. */
  static bool read(std::string_view text, time_t& second);

 private:
  static constexpr size_t kSize = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1;

  void write(size_t at, int two_digits) {
    text_[at] = static_cast<char>('0' + two_digits / 10);
    text_[at + 1] = static_cast<char>('0' + two_digits % 10);
  }

  time_t second_ = -1;
  char text_[kSize] = {};
};

}  // namespace zc
