#include "http/slice.h"

#include <algorithm>

#include "http/grammar.h"

namespace zc {
namespace {

constexpr std::string_view kUnit = "bytes=";
// Content-Range, Content-Length, and four numbers of up to 20 digits.
constexpr size_t kRangeLines = 128;

}  // namespace

bool read_range(std::string_view value, uint64_t size, ByteSpan& span) {
  if (value.size() <= kUnit.size() || !equals_folded(value.substr(0, kUnit.size()), kUnit)) return false;
  value.remove_prefix(kUnit.size());
  const size_t dash = value.find('-');
  if (dash == value.npos) return false;
  const std::string_view first = value.substr(0, dash), last = value.substr(dash + 1);
  uint64_t from = 0, to = 0;
  if (first.empty()) {
    if (!read_length(last, to) || to == 0 || size == 0) return false;
    span = {size - std::min(to, size), size};
    return true;
  }
  if (!read_length(first, from) || from >= size) return false;
  if (last.empty()) to = size - 1;
  else if (!read_length(last, to) || to < from) return false;
  span = {from, std::min(to, size - 1) + 1};
  return true;
}

Ref<const Reply> slice(const HotReply& templates, ByteSpan span) {
  const uint64_t length = span.end - span.start;
  const Ref<Reply>& chosen = length < templates.large_from ? templates.reply : templates.large;
  const Reply& base = *chosen;
  auto reply = make_ref<Reply>();
  reply->base = chosen;
  reply->status = base.status;
  reply->way = base.way;
  reply->reason = base.reason;
  reply->memory = base.memory;
  reply->file = base.file;
  reply->span = span;
  std::string& fields = reply->fields;
  fields.reserve(base.fields.size() + kRangeLines + base.tail.size());
  fields.append(base.fields).append("Content-Range: bytes ");
  append_number(fields, span.start);
  fields.push_back('-');
  append_number(fields, span.end - 1);
  fields.push_back('/');
  append_number(fields, base.span.end);
  fields.append("\r\nContent-Length: ");
  append_number(fields, length);
  fields.append("\r\n").append(base.tail);
  return reply;
}

}  // namespace zc
