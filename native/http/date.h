// The time of day as HTTP says it, made once a second. RFC 9110 §5.6.7, §6.6.1.
#pragma once
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
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
    // Not strftime: its names follow the locale, IMF-fixdate's do not.
    static const char* const kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[128];
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
             kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    memcpy(text_, text, kSize);
  }

 private:
  static constexpr size_t kSize = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1;

  time_t second_ = -1;
  char text_[kSize] = {};
};

}  // namespace zc
