// Vectors that are filled and emptied again and again.
#pragma once
#include <cstddef>
#include <vector>

namespace zc {

/** Keeps the memory for the next time, but for that of a burst. */
template <class T>
void empty(std::vector<T>& list) {
  constexpr size_t kKept = 256;
  if (list.capacity() > kKept) list = std::vector<T>();
  else list.clear();
}

}  // namespace zc
