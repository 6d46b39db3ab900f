// How often paths were asked for, and which of their files TypeScript is to keep. One thread's, of all sites.
#pragma once
#include <algorithm>

#include "engine/frequency.h"

namespace zc {

class Admission {
 public:
  /** A file is TypeScript's from the request on before which there were so many. */
  void set_uses(uint32_t uses) { uses_ = uses; }
  /** One more request; returns how many there were before. */
  uint32_t count(uint32_t site, std::string_view path) { return asked_.add(site, path); }
  /** Was the path, which is asked for now, asked for before? */
  bool has_met(uint32_t site, std::string_view path) const { return asked_.count(site, path) > 1; }
  /** Its prepared reply is gone: it begins anew. */
  void forget(uint32_t site, std::string_view path) { asked_.forget(site, path); }

  /** Is the request TypeScript's, because its file is kept, or is to be from now on? `asked`: times before. `now`: ms. */
  bool admit(uint32_t site, std::string_view path, uint32_t asked, int64_t now) {
    if (asked == Frequency::kAdmitted) return true;
    if (asked < uses_) return false;
    allowance_ = std::min(kBurst, allowance_ + static_cast<double>(now - allowed_at_) * kPerMs);
    allowed_at_ = now;
    if (allowance_ < 1) return false;
    allowance_ -= 1;
    asked_.admit(site, path);
    return true;
  }

 private:
  // To keep a file takes TypeScript some 20 times what it takes to open it here: a tree of many thousands that are asked
  // for again begins with those that are asked for most.
  static constexpr double kBurst = 512, kPerMs = 1;

  Frequency asked_;
  uint32_t uses_ = 1;
  double allowance_ = kBurst;
  int64_t allowed_at_ = 0;  // ms
};

}  // namespace zc
