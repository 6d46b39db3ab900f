// The time of day as lines of the access log say it.
#pragma once
#include <cstdint>
#include <string>

namespace zc {

/** At least so many digits. */
void append_padded(std::string& to, unsigned number, unsigned width);

/** Made once a second. */
class LogClock {
 public:
  /** `now`: ms since the epoch. */
  void update(int64_t now);
  const std::string& common() const { return common_; }  // 26/Nov/2026:18:23:42 +0000, local
  const std::string& clock() const { return clock_; }    // 18:23:42, local
  void append_iso(std::string& to) const;                // 2026-11-26T18:23:42.123Z

 private:
  int64_t second_ = -1;
  unsigned ms_ = 0;
  std::string common_, clock_, iso_;
};

}  // namespace zc
