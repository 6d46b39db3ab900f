// What the fuzz programs beside this file share: PROGRAM COUNT SEED [FIRST], where each input follows from the seed and its
// number alone; and which one it was when a promise is broken, or a sanitizer ends the program.
#pragma once
#include <cstdio>
#include <cstdlib>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#include "test/random.h"

namespace zc::fuzz {

inline unsigned long long wanted = 0, seed = 0, number = 0;
inline const char* program = "";
inline int each = 1;  // of COUNT, that one input makes

inline void report_position() { std::fprintf(stderr, "repeat with: %s %d %llu %llu\n", program, each, seed, number); }

/** Runs `one(random)` on inputs until `made(how many)` are as many as were asked for. False: nothing was asked for. */
template <class One, class Made>
bool run(int count, char** arguments, const char* name, One one, Made made) {
  if (count < 3) return false;
  program = name;
  wanted = std::strtoull(arguments[1], nullptr, 10);
  seed = std::strtoull(arguments[2], nullptr, 10);
  const unsigned long long first = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 0;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(report_position);
#endif
  for (number = first; made(number - first) < wanted; ++number) {
    Random random(Random(seed).next() ^ number);
    one(random);
  }
  return true;
}

}  // namespace zc::fuzz
