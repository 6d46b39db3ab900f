// The content of a request (RFC 9110 §6.4): what is known of it when it is asked about, and what became of it.
#pragma once
#include <cstdint>
#include <iterator>
#include <string>

#include "base/names.h"

namespace zc {

/** All of it, more than was wanted, or its client went away or sent no content after all. */
#define ZC_RECEIVED(X) X(whole, "whole") X(too_large, "too-large") X(gone, "gone")
enum class Received : uint8_t { ZC_RECEIVED(ZC_ENUMERATOR) };
constexpr const char* kReceivedNames[] = {ZC_RECEIVED(ZC_TEXT)};

/** Bytes of content that goes along with its request, where all of it is here by then. */
constexpr size_t kContentAtHand = 16 << 10;

struct Content {
  static constexpr uint64_t kUnknown = UINT64_MAX;

  uint64_t length = 0;   // Content-Length; 0: there is none
  bool is_here = false;  // whole, in `bytes`; otherwise it stays with its client until somebody receives it
  std::string bytes;
};

}  // namespace zc
