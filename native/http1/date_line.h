// The Date field's line, made once a second. RFC 9110 §6.6.1.
#pragma once
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace zc {

class DateLine {
 public:
  /** With its CRLF. */
  std::string_view text() const { return {line_, size_}; }

  void update(time_t second) {
    if (second == second_) return;
    second_ = second;
    tm parts;
    gmtime_r(&second, &parts);
    // Not strftime: its names follow the locale, IMF-fixdate's do not (RFC 9110 §5.6.7).
    static const char* const kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char line[128];
    size_ = static_cast<size_t>(snprintf(line, sizeof line, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                                         kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                                         parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec));
    memcpy(line_, line, std::min(size_, sizeof line_));
  }

 private:
  time_t second_ = -1;
  char line_[40];
  size_t size_ = 0;
};

}  // namespace zc
