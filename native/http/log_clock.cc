#include "http/log_clock.h"

#include <time.h>

#include "http/grammar.h"

namespace zc {

void append_padded(std::string& to, unsigned number, unsigned width) {
  for (unsigned least = 1, i = 1; i < width; ++i) {
    least *= 10;
    if (number < least) to += '0';
  }
  append_number(to, number);
}

void LogClock::update(int64_t now) {
  ms_ = static_cast<unsigned>(now % 1000);
  if (now / 1000 == second_) return;
  second_ = now / 1000;
  tm parts;
  const auto second = static_cast<time_t>(second_);
  localtime_r(&second, &parts);
  const auto two = [](std::string& to, int number) { append_padded(to, static_cast<unsigned>(number), 2); };
  clock_.clear();
  two(clock_, parts.tm_hour);
  two(clock_ += ':', parts.tm_min);
  two(clock_ += ':', parts.tm_sec);
  // Not strftime: its names follow the locale.
  common_.clear();
  two(common_, parts.tm_mday);
  common_.append("/").append(&"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * parts.tm_mon], 3).append("/");
  append_number(common_, static_cast<uint64_t>(parts.tm_year + 1900));
  common_.append(":").append(clock_).append(parts.tm_gmtoff < 0 ? " -" : " +");
  const long minutes = (parts.tm_gmtoff < 0 ? -parts.tm_gmtoff : parts.tm_gmtoff) / 60;
  two(common_, static_cast<int>(minutes / 60));
  two(common_, static_cast<int>(minutes % 60));
  gmtime_r(&second, &parts);
  iso_.clear();
  append_number(iso_, static_cast<uint64_t>(parts.tm_year + 1900));
  two(iso_ += '-', parts.tm_mon + 1);
  two(iso_ += '-', parts.tm_mday);
  two(iso_ += 'T', parts.tm_hour);
  two(iso_ += ':', parts.tm_min);
  two(iso_ += ':', parts.tm_sec);
  iso_ += '.';
}

void LogClock::append_iso(std::string& to) const {
  to.append(iso_);
  append_padded(to, ms_, 3);
  to += 'Z';
}

}  // namespace zc
