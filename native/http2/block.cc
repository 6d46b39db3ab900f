#include "http2/block.h"

#include <algorithm>

#include "base/folded.h"
#include "http/body.h"
#include "http2/hpack.h"
#include "http2/request.h"

namespace zc {
namespace {

constexpr std::string_view kTiming = "zc;desc=\"";

// The plan may have thought of a socket; here a file is read (see Http2Connection::start).
std::string timing_of(const Reply& reply, std::string_view value) {
  const size_t reason = value.find(':');
  const bool corrected = needs_file(reply) && reason != value.npos && value.substr(0, kTiming.size()) == kTiming;
  if (!corrected) return std::string(value);
  return std::string(kTiming).append("read").append(value.substr(reason));
}

void add_lines(std::string& block, std::string_view left, const Reply& reply) {
  std::string name;
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find("\r\n"));
    left.remove_prefix(std::min(line.size() + 2, left.size()));
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    name.assign(line.substr(0, colon));
    for (char& byte : name) byte = folded(byte);
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (name == "server-timing") hpack_field(block, name, timing_of(reply, value));
    else if (!is_of_connection(name)) hpack_field(block, name, value);
  }
}

// Of slices, what they have in common is made once.
std::string make_block(const Reply& reply) {
  std::string block;
  std::string_view lines = reply.fields;
  if (reply.base) {
    block = block_of(*reply.base);
    lines.remove_prefix(reply.base->fields.size());
  } else {
    hpack_status(block, reply.status);
  }
  add_lines(block, lines, reply);
  return block;
}

struct DateLine {
  std::string text, block;
};

}  // namespace

std::string_view block_of(const Reply& reply) {
  return reply.block.get([&reply] { return make_block(reply); });
}

std::string_view date_block(const HttpDate& date) {
  thread_local DateLine line;
  if (line.text != date.text()) {
    line.text = date.text();
    line.block.clear();
    hpack_field(line.block, "date", date.text());
  }
  return line.block;
}

}  // namespace zc
