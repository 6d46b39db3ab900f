// Feeds the parser and the drain in pieces, each in a buffer of exactly its size, as the programs beside this file do.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http1/body_reader.h"
#include "http1/parser.h"

namespace zc::probe {

struct HeadOutcome {
  ParseResult result = ParseResult::incomplete;
  size_t decided_at = 0;           // Bytes that had been fed when the result came.
  std::unique_ptr<char[]> buffer;  // What the head's views point into.
  ParsedHead head = {};
};

struct BodyOutcome {
  DrainResult result = DrainResult::more;
  size_t used = 0;
  std::string content;
};

// Parses data fed up to each cut in turn, then whole. Every turn moves the bytes to a new buffer.
inline HeadOutcome parse(std::string_view data, const ParseLimits& limits, std::vector<size_t> cuts) {
  HeadOutcome outcome;
  ParseState state;
  cuts.push_back(data.size());
  for (const size_t cut : cuts) {
    outcome.buffer.reset(new char[cut]);
    std::copy_n(data.data(), cut, outcome.buffer.get());
    outcome.decided_at = cut;
    outcome.result = parse_head({outcome.buffer.get(), cut}, limits, state, outcome.head);
    if (outcome.result != ParseResult::incomplete) break;
  }
  return outcome;
}

inline bool same(const HeadOutcome& a, const HeadOutcome& b) {
  if (a.result != b.result) return false;
  if (a.result != ParseResult::complete) return true;
  const ParsedHead &x = a.head, &y = b.head;
  return x.method_text == y.method_text && x.target == y.target && x.method == y.method &&
         x.minor_version == y.minor_version && std::equal(x.fields, x.fields + kFieldCount, y.fields) &&
         x.present == y.present && x.repeated == y.repeated && x.keep_alive == y.keep_alive &&
         x.expect_continue == y.expect_continue && x.chunked == y.chunked && x.content_length == y.content_length &&
         x.size == y.size;
}

inline BodyOutcome drain(BodyDrain body, std::string_view data, std::vector<size_t> cuts) {
  BodyOutcome outcome;
  cuts.push_back(data.size());
  size_t begin = 0;
  for (const size_t cut : cuts) {
    const std::unique_ptr<char[]> buffer(new char[cut - begin]);
    std::copy_n(data.data() + begin, cut - begin, buffer.get());
    size_t used = 0;
    outcome.result = body.consume({buffer.get(), cut - begin}, used, &outcome.content);
    outcome.used += used;
    if (outcome.result != DrainResult::more) break;
    begin = cut;
  }
  return outcome;
}

inline bool same(const BodyOutcome& a, const BodyOutcome& b) {
  return a.result == b.result && a.used == b.used && a.content == b.content;
}

inline std::vector<size_t> every_byte(size_t size) {
  std::vector<size_t> cuts;
  for (size_t cut = 1; cut < size; ++cut) cuts.push_back(cut);
  return cuts;
}

}  // namespace zc::probe
