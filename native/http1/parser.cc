// The strict, resumable parser of HTTP/1.x request heads: one pass, one phase per element of the grammar.
#include "http1/parser.h"

#include <algorithm>
#include <iterator>

#include "http/bytes.h"
#include "http1/target.h"

namespace zc {
namespace {

using Phase = ParseState::Phase;
using Span = ParseState::Span;

// RFC 9112 §6.1: chunked, once and last, is all that we decode; other codings before it are unknown ones. Without chunked
// at the end the body has none, which is 400 (§6.3).
ParseResult judge_codings(std::string_view list) {
  if (equals_folded(list, "chunked")) return ParseResult::complete;
  if (list.empty() || list.back() == ',') return ParseResult::bad_request;
  bool chunked = false;
  while (!list.empty()) {
    const std::string_view coding = next_element(list);
    if (coding.empty() || chunked) return ParseResult::bad_request;
    chunked = equals_folded(coding, "chunked");
  }
  return chunked ? ParseResult::not_implemented : ParseResult::bad_request;
}

// The bytes of one call, and how far they are judged: in registers, while ParseState only remembers.
struct Cursor {
  const char* begin;
  const char* end;   // At most max_head from begin.
  const char* at;    // Everything before it is judged.
  const char* mark;  // Where the element in progress begins.

  std::string_view element() const { return {mark, static_cast<size_t>(at - mark)}; }
  std::string_view view(Span span) const { return {begin + span.begin, span.size}; }
  Span span(std::string_view text) const {
    return {static_cast<uint32_t>(text.data() - begin), static_cast<uint32_t>(text.size())};
  }
};

// Judges one line of a field that the server reads. Complete means that the parse goes on.
ParseResult take_field(const Cursor& c, std::string_view value, ParseState& s) {
  const bool again = (s.present & bit(s.field)) != 0;
  if (again) {
    s.repeated |= bit(s.field);
  } else {
    s.present |= bit(s.field);
    s.fields[s.field] = c.span(value);
  }
  switch (s.field) {
    case kHost:  // RFC 9112 §3.2
      return again || !(value.empty() || is_authority(value)) ? ParseResult::bad_request : ParseResult::complete;
    case kContentLength:  // RFC 9112 §6.2, §6.3
      if (again || (s.present & bit(kTransferEncoding)) || !read_length(value, s.content_length)) return ParseResult::bad_request;
      return ParseResult::complete;
    case kTransferEncoding:  // RFC 9112 §6.1
      if (again || (s.present & bit(kContentLength)) || s.minor_version == 0) return ParseResult::bad_request;
      return judge_codings(value);
    case kConnection:
      s.close_option = s.close_option || list_has(value, "close");
      s.keep_alive_option = s.keep_alive_option || list_has(value, "keep-alive");
      return ParseResult::complete;
    case kExpect:
      s.expect_continue = s.expect_continue || list_has(value, "100-continue");
      return ParseResult::complete;
    default:
      return ParseResult::complete;
  }
}

// One function per phase. Complete: the element is judged, c and s.phase are at the next one. Incomplete: c.at is where
// to go on.

// RFC 9112 §2.2: one empty line is tolerated before the request line.
ParseResult scan_start(Cursor& c, ParseState& s) {
  if (c.at == c.end) return ParseResult::incomplete;
  if (*c.at == '\r') {
    if (c.at + 1 == c.end) return ParseResult::incomplete;
    if (c.at[1] != '\n') return ParseResult::bad_request;
    c.mark = c.at += 2;
  }
  s.phase = Phase::method;
  return ParseResult::complete;
}

ParseResult scan_method(Cursor& c, ParseState& s) {
  c.at = skip(c.at, c.end, kTokenByte);
  if (c.at == c.end) return ParseResult::incomplete;
  if (*c.at != ' ' || c.at == c.mark) return ParseResult::bad_request;
  s.method_text = c.span(c.element());
  c.mark = ++c.at;
  s.phase = Phase::target;
  return ParseResult::complete;
}

ParseResult scan_target(Cursor& c, uint32_t max_target, ParseState& s) {
  const char* const stop = c.end - c.mark > max_target ? c.mark + max_target + 1 : c.end;
  c.at = skip_target(c.at, stop);
  if (c.at - c.mark > max_target) return ParseResult::uri_too_long;
  if (c.at == c.end) return ParseResult::incomplete;
  const std::string_view target = c.element();
  if (*c.at != ' ' || target.empty() || !is_target(target, c.view(s.method_text))) return ParseResult::bad_request;
  s.target = c.span(target);
  c.mark = ++c.at;
  s.phase = Phase::version;
  return ParseResult::complete;
}

// "HTTP/" DIGIT "." DIGIT CRLF: few enough bytes to look at all of them again when more arrive.
ParseResult scan_version(Cursor& c, ParseState& s) {
  constexpr std::string_view kPattern = "HTTP/1.1\r\n";
  constexpr size_t kMajor = 5, kMinor = 7;
  const std::string_view text = std::string_view(c.mark, static_cast<size_t>(c.end - c.mark)).substr(0, kPattern.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = i == kMajor || i == kMinor;
    if (digit ? !is_digit(text[i]) : text[i] != kPattern[i]) return ParseResult::bad_request;
  }
  if (text.size() > kMajor && text[kMajor] == '0') return ParseResult::bad_request;  // HTTP/0.9 had no version to send.
  if (text.size() < kPattern.size()) return ParseResult::incomplete;
  if (text[kMajor] != '1') return ParseResult::version_not_supported;
  s.minor_version = text[kMinor] == '0' ? 0 : 1;
  c.mark = c.at = c.mark + kPattern.size();
  s.phase = Phase::name;
  return ParseResult::complete;
}

// A field line's name, or the CR of the empty line. RFC 9112 §5.1: no space before the colon; §5.2: no folded line.
ParseResult scan_name(Cursor& c, uint32_t max_fields, ParseState& s) {
  if (c.at == c.end) return ParseResult::incomplete;
  if (c.at == c.mark) {
    if (*c.at == '\r') {
      s.phase = Phase::end;
      return ParseResult::complete;
    }
    if (++s.lines > max_fields) return ParseResult::fields_too_large;
  }
  c.at = skip_name(c.at, c.end);
  if (c.at == c.end) return ParseResult::incomplete;
  if (*c.at != ':' || c.at == c.mark) return ParseResult::bad_request;
  s.field = find_field(c.element());
  c.mark = ++c.at;
  s.phase = Phase::value;
  return ParseResult::complete;
}

ParseResult scan_value(Cursor& c, ParseState& s) {
  c.at = skip_value(c.at, c.end);
  if (c.at == c.end) return ParseResult::incomplete;
  if (*c.at != '\r') return ParseResult::bad_request;
  if (c.at + 1 == c.end) return ParseResult::incomplete;
  if (c.at[1] != '\n') return ParseResult::bad_request;
  const std::string_view value = c.element();
  c.mark = c.at += 2;
  s.phase = Phase::name;
  return s.field == kFieldCount ? ParseResult::complete : take_field(c, trim(value), s);
}

// The empty line, and what can only be judged there.
ParseResult finish(Cursor& c, ParseState& s, ParsedHead& out) {
  if (c.at + 1 == c.end) return ParseResult::incomplete;
  if (c.at[1] != '\n') return ParseResult::bad_request;
  if (s.minor_version > 0 && !(s.present & bit(kHost))) return ParseResult::bad_request;  // RFC 9112 §3.2
  c.mark = c.at += 2;
  out = ParsedHead{};
  out.method_text = c.view(s.method_text);
  out.target = c.view(s.target);
  out.method = find_method(out.method_text);
  out.minor_version = s.minor_version;
  for (FieldSet rest = s.present; rest != 0; rest &= rest - 1) {
    const Field field = first_of(rest);
    out.fields[field] = c.view(s.fields[field]);
  }
  out.present = s.present;
  out.repeated = s.repeated;
  out.keep_alive = !s.close_option && (s.minor_version > 0 || s.keep_alive_option);
  out.expect_continue = s.expect_continue && s.minor_version > 0;
  out.chunked = (s.present & bit(kTransferEncoding)) != 0;
  out.content_length = s.content_length;
  out.size = static_cast<size_t>(c.at - c.begin);
  s.phase = Phase::done;
  return ParseResult::complete;
}

ParseResult scan(Cursor& c, const ParseLimits& limits, ParseState& s, ParsedHead& out) {
  switch (s.phase) {
    case Phase::start:
      return scan_start(c, s);
    case Phase::method:
      return scan_method(c, s);
    case Phase::target:
      return scan_target(c, limits.max_target, s);
    case Phase::version:
      return scan_version(c, s);
    case Phase::name:
      return scan_name(c, limits.max_fields, s);
    case Phase::value:
      return scan_value(c, s);
    case Phase::end:
      return finish(c, s, out);
    case Phase::done:
      break;
  }
  return ParseResult::complete;
}

// A head that fills its limit without an end is refused for the element that it is in.
ParseResult too_large(Phase phase) {
  if (phase == Phase::method) return ParseResult::not_implemented;  // RFC 9112 §3
  return phase == Phase::target ? ParseResult::uri_too_long : ParseResult::fields_too_large;
}

}  // namespace

ParseResult parse_head(std::string_view data, const ParseLimits& limits, ParseState& s, ParsedHead& out) {
  const char* const begin = data.data();
  Cursor c = {begin, begin + std::min<size_t>(data.size(), limits.max_head), begin + s.scanned, begin + s.mark};
  ParseResult result = ParseResult::complete;
  while (result == ParseResult::complete && s.phase != Phase::done) result = scan(c, limits, s, out);
  s.scanned = static_cast<uint32_t>(c.at - begin);
  s.mark = static_cast<uint32_t>(c.mark - begin);
  return result == ParseResult::incomplete && c.end - begin == limits.max_head ? too_large(s.phase) : result;
}

std::string joined_field(std::string_view head_bytes, Field field) {
  std::string joined;
  if (head_bytes.substr(0, 2) == "\r\n") head_bytes.remove_prefix(2);
  bool first = true;
  for (;;) {
    head_bytes.remove_prefix(head_bytes.find("\r\n") + 2);
    const std::string_view line = head_bytes.substr(0, head_bytes.find("\r\n"));
    if (line.empty()) return joined;
    const size_t colon = line.find(':');
    if (find_field(line.substr(0, colon)) != field) continue;
    if (!first) joined += ", ";
    joined += trim(line.substr(colon + 1));
    first = false;
  }
}

}  // namespace zc
