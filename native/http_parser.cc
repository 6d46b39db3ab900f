// The strict, resumable parser of HTTP/1.x request heads: one pass, one phase per element of the grammar.
#include "http_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "http_grammar.h"

namespace zc {
namespace {

using Phase = ParseState::Phase;
using Span = ParseState::Span;

constexpr std::string_view kFieldNames[kFieldCount] = {
    "host", "connection", "content-length", "transfer-encoding", "expect", "upgrade",
    "accept", "accept-encoding", "range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
    "authorization", "origin", "access-control-request-method", "access-control-request-headers", "user-agent", "referer",
    "x-forwarded-for", "forwarded", "x-forwarded-proto",
    "accept-language", "cookie",
};

// Length, first and last letter tell all the names apart; the table's builder refuses to compile a collision.
constexpr size_t kNameSlots = 64;

constexpr size_t name_slot(std::string_view name) {
  return (name.size() + (name.front() | 0x20) * 14 + (name.back() | 0x20) * 5) % kNameSlots;
}

constexpr std::array<uint8_t, kNameSlots> index_names() {
  std::array<uint8_t, kNameSlots> slots{};
  for (auto& slot : slots) slot = kFieldCount;
  for (uint8_t field = 0; field < kFieldCount; ++field) {
    uint8_t& slot = slots[name_slot(kFieldNames[field])];
    if (slot != kFieldCount) throw "two field names share a slot";
    slot = field;
  }
  return slots;
}

constexpr std::array<uint8_t, kNameSlots> kFieldBySlot = index_names();

Field find_field(std::string_view name) {
  const uint8_t field = kFieldBySlot[name_slot(name)];
  if (field == kFieldCount || !equals_folded(name, kFieldNames[field])) return kFieldCount;
  return static_cast<Field>(field);
}

const char* skip(const char* at, const char* end, ByteClass wanted) {
  while (at < end && is_in(*at, wanted)) ++at;
  return at;
}

#if defined(__SSE2__)
// Sixteen bytes a turn; the rest, and other processors, take the table.
template <typename Refuse>
const char* skip_blocks(const char* at, const char* end, ByteClass wanted, Refuse refuse) {
  for (; end - at >= 16; at += 16) {
    const int refused = _mm_movemask_epi8(refuse(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
    if (refused != 0) return at + __builtin_ctz(refused);
  }
  return skip(at, end, wanted);
}

const char* skip_target(const char* at, const char* end) {
  return skip_blocks(at, end, kTargetByte, [](__m128i bytes) {
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));  // Signed: from 0x80 on too.
    const __m128i named = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('#')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    return _mm_or_si128(low, named);
  });
}

const char* skip_value(const char* at, const char* end) {
  return skip_blocks(at, end, kValueByte, [](__m128i bytes) {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    return _mm_or_si128(_mm_andnot_si128(tab, control), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
  });
}
#else
const char* skip_target(const char* at, const char* end) { return skip(at, end, kTargetByte); }
const char* skip_value(const char* at, const char* end) { return skip(at, end, kValueByte); }
#endif

std::string_view view(std::string_view data, Span span) { return data.substr(span.begin, span.size); }

Method find_method(std::string_view text) {
  if (text == "GET") return Method::get;
  if (text == "HEAD") return Method::head;
  if (text == "OPTIONS") return Method::options;
  return Method::other;
}

// RFC 9112 §6.1: chunked once and last is all that we decode. A coding list that no recipient could frame is a 400 (§6.3).
ParseResult judge_codings(std::string_view list) {
  if (equals_folded(list, "chunked")) return ParseResult::complete;
  do {
    const std::string_view coding = next_element(list);
    if (coding.empty()) return ParseResult::bad_request;
    if (equals_folded(coding, "chunked") && !list.empty()) return ParseResult::bad_request;
  } while (!list.empty());
  return ParseResult::not_implemented;
}

constexpr uint32_t bit(Field field) { return 1u << field; }

// Judges one line of a field that the server reads. Complete means that the parse goes on.
ParseResult take_field(std::string_view value, Span span, ParseState& s) {
  const bool again = (s.present & bit(s.field)) != 0;
  if (again) {
    s.repeated |= bit(s.field);
  } else {
    s.present |= bit(s.field);
    s.fields[s.field] = span;
  }
  switch (s.field) {
    case kHost:  // RFC 9112 §3.2
      return again || !(value.empty() || is_authority(value)) ? ParseResult::bad_request : ParseResult::complete;
    case kContentLength:
      if (again || (s.present & bit(kTransferEncoding)) || !read_length(value, s.content_length)) return ParseResult::bad_request;
      return ParseResult::complete;
    case kTransferEncoding:
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


// One function per phase. Each begins at s.scanned, where the element in progress stopped, and ends with s.scanned and
// s.mark at the next element: complete. `data` is cut to max_head.

// RFC 9112 §2.2: one empty line is tolerated before the request line.
ParseResult scan_start(std::string_view data, ParseState& s) {
  if (data.empty()) return ParseResult::incomplete;
  if (data[0] == '\r') {
    if (data.size() < 2) return ParseResult::incomplete;
    if (data[1] != '\n') return ParseResult::bad_request;
    s.scanned = s.mark = 2;
  }
  s.phase = Phase::method;
  return ParseResult::complete;
}

ParseResult scan_method(std::string_view data, ParseState& s) {
  const char* const at = skip(data.data() + s.scanned, data.data() + data.size(), kTokenByte);
  s.scanned = static_cast<uint32_t>(at - data.data());
  if (s.scanned == data.size()) return ParseResult::incomplete;
  if (*at != ' ' || s.scanned == s.mark) return ParseResult::bad_request;
  s.method_text = {s.mark, s.scanned - s.mark};
  s.mark = ++s.scanned;
  s.phase = Phase::target;
  return ParseResult::complete;
}

ParseResult scan_target(std::string_view data, uint32_t max_target, ParseState& s) {
  const size_t stop = std::min<size_t>(data.size(), size_t{s.mark} + max_target + 1);
  const char* const at = skip_target(data.data() + s.scanned, data.data() + stop);
  s.scanned = static_cast<uint32_t>(at - data.data());
  const uint32_t size = s.scanned - s.mark;
  if (size > max_target) return ParseResult::uri_too_long;
  if (s.scanned == data.size()) return ParseResult::incomplete;
  if (*at != ' ' || size == 0) return ParseResult::bad_request;
  s.target = {s.mark, size};
  if (!is_target(data.substr(s.mark, size), view(data, s.method_text))) return ParseResult::bad_request;
  s.mark = ++s.scanned;
  s.phase = Phase::version;
  return ParseResult::complete;
}

// "HTTP/1." DIGIT CRLF. Few enough bytes to look at all of them again when more arrive.
ParseResult scan_version(std::string_view data, ParseState& s) {
  constexpr std::string_view kPattern = "HTTP/1.1\r\n";
  constexpr size_t kMajor = 5, kMinor = 7;
  const std::string_view text = data.substr(s.mark, kPattern.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = i == kMajor || i == kMinor;
    if (digit ? !is_digit(text[i]) : text[i] != kPattern[i]) return ParseResult::bad_request;
  }
  if (text.size() > kMajor && text[kMajor] == '0') return ParseResult::bad_request;  // Never had this form.
  if (text.size() < kPattern.size()) return ParseResult::incomplete;
  if (text[kMajor] != '1') return ParseResult::version_not_supported;
  s.minor_version = text[kMinor] == '0' ? 0 : 1;
  s.mark = s.scanned = s.mark + static_cast<uint32_t>(kPattern.size());
  s.phase = Phase::name;
  return ParseResult::complete;
}

// A field line's name, or the CR of the empty line.
ParseResult scan_name(std::string_view data, uint32_t max_fields, ParseState& s) {
  if (s.scanned == data.size()) return ParseResult::incomplete;
  if (s.scanned == s.mark) {
    if (data[s.scanned] == '\r') {
      s.phase = Phase::end;
      return ParseResult::complete;
    }
    if (++s.lines > max_fields) return ParseResult::fields_too_large;
  }
  const char* const at = skip(data.data() + s.scanned, data.data() + data.size(), kTokenByte);
  s.scanned = static_cast<uint32_t>(at - data.data());
  if (s.scanned == data.size()) return ParseResult::incomplete;
  if (*at != ':' || s.scanned == s.mark) return ParseResult::bad_request;  // No space before the colon: RFC 9112 §5.1
  s.field = find_field(data.substr(s.mark, s.scanned - s.mark));
  s.mark = ++s.scanned;
  s.phase = Phase::value;
  return ParseResult::complete;
}

ParseResult scan_value(std::string_view data, ParseState& s) {
  const char* const at = skip_value(data.data() + s.scanned, data.data() + data.size());
  s.scanned = static_cast<uint32_t>(at - data.data());
  if (s.scanned == data.size()) return ParseResult::incomplete;
  if (*at != '\r') return ParseResult::bad_request;
  if (s.scanned + 1 == data.size()) return ParseResult::incomplete;
  if (at[1] != '\n') return ParseResult::bad_request;
  const std::string_view value = trim(data.substr(s.mark, s.scanned - s.mark));
  const Span span = {static_cast<uint32_t>(value.data() - data.data()), static_cast<uint32_t>(value.size())};
  s.mark = s.scanned += 2;
  s.phase = Phase::name;
  return s.field == kFieldCount ? ParseResult::complete : take_field(value, span, s);
}

// The LF of the empty line, and what can only be judged there.
ParseResult finish(std::string_view data, ParseState& s, RequestHead& out) {
  if (s.scanned + 1 == data.size()) return ParseResult::incomplete;
  if (data[s.scanned + 1] != '\n') return ParseResult::bad_request;
  if (s.minor_version > 0 && !(s.present & bit(kHost))) return ParseResult::bad_request;  // RFC 9112 §3.2
  out = {};
  out.method_text = view(data, s.method_text);
  out.target = view(data, s.target);
  out.method = find_method(out.method_text);
  out.minor_version = s.minor_version;
  for (uint32_t rest = s.present; rest != 0; rest &= rest - 1) {
    const int field = __builtin_ctz(rest);
    out.fields[field] = view(data, s.fields[field]);
  }
  out.present = s.present;
  out.repeated = s.repeated;
  out.keep_alive = !s.close_option && (s.minor_version > 0 || s.keep_alive_option);
  out.expect_continue = s.expect_continue && s.minor_version > 0;
  out.chunked = (s.present & bit(kTransferEncoding)) != 0;
  out.content_length = s.content_length;
  out.size = s.scanned + 2;
  s.phase = Phase::done;
  return ParseResult::complete;
}

// A head that fills its limit without an end is refused for the element that it is in.
ParseResult too_large(Phase phase) {
  if (phase == Phase::method) return ParseResult::not_implemented;  // RFC 9112 §3
  return phase == Phase::target ? ParseResult::uri_too_long : ParseResult::fields_too_large;
}

}  // namespace

const char* field_name(Field field) { return kFieldNames[field].data(); }

ParseResult parse_head(std::string_view data, const ParseLimits& limits, ParseState& s, RequestHead& out) {
  const std::string_view head = data.substr(0, limits.max_head);
  ParseResult result = ParseResult::complete;
  while (result == ParseResult::complete) {
    switch (s.phase) {
      case Phase::start:
        result = scan_start(head, s);
        break;
      case Phase::method:
        result = scan_method(head, s);
        break;
      case Phase::target:
        result = scan_target(head, limits.max_target, s);
        break;
      case Phase::version:
        result = scan_version(head, s);
        break;
      case Phase::name:
        result = scan_name(head, limits.max_fields, s);
        break;
      case Phase::value:
        result = scan_value(head, s);
        break;
      case Phase::end:
        result = finish(head, s, out);
        break;
      case Phase::done:
        return ParseResult::complete;
    }
  }
  return result == ParseResult::incomplete && head.size() == limits.max_head ? too_large(s.phase) : result;
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
    if (!first) joined += field == kCookie ? "; " : ", ";
    joined += trim(line.substr(colon + 1));
    first = false;
  }
}

}  // namespace zc
