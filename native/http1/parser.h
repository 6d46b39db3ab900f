// The strict, resumable parser of HTTP/1.x request heads (RFC 9112): no allocation, no copy, no input or output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/request.h"

namespace zc {

// A head, and what HTTP/1 says in it about the connection and the body that follows.
struct ParsedHead : RequestHead {
  uint8_t minor_version;    // HTTP/1.0 -> 0; HTTP/1.1 and any higher 1.x -> 1 (RFC 9110 §2.5)
  bool keep_alive;          // RFC 9112 §9.3
  bool expect_continue;     // RFC 9110 §10.1.1; never for HTTP/1.0
  bool chunked;             // A chunked body follows. Otherwise content_length bytes do.
  uint64_t content_length;  // 0 when absent
  size_t size;              // Bytes of the head with its empty line (and a CRLF before it, if one was sent).
};

// Every result but complete and incomplete ends the connection after an answer: what follows cannot be trusted.
enum class ParseResult : uint8_t {
  complete,
  incomplete,
  bad_request,            // 400
  uri_too_long,           // 414
  fields_too_large,       // 431
  version_not_supported,  // 505
  not_implemented,        // 501: a transfer coding other than chunked, or a method as long as the whole head may be
};

// How far one head has been judged. Holds offsets only, so the buffer may move between calls.
struct ParseState {
  struct Span {
    uint32_t begin, size;
  };
  enum class Phase : uint8_t { start, method, target, version, name, value, end, done };

  uint32_t scanned = 0;  // Bytes that need no second look.
  uint32_t mark = 0;     // Where the element in progress begins.
  uint32_t lines = 0;    // Field lines begun.
  Phase phase = Phase::start;
  FieldSet present = 0;
  FieldSet repeated = 0;
  Field field = kFieldCount;  // Of the line in progress; kFieldCount for one that nobody reads.
  uint8_t minor_version = 0;
  bool close_option = false;
  bool keep_alive_option = false;
  bool expect_continue = false;
  uint64_t content_length = 0;
  Span method_text;
  Span target;
  Span fields[kFieldCount];  // Those in `present`.
};

// Parses the head at the front of data. On incomplete, call again with the same state and limits and a longer data that
// begins with the same bytes. However they are split, the work is linear in the bytes and the result is the same; an
// error is reported as soon as the bytes show it. `out` is written on complete only. A fresh state starts a new head.
//
// Stricter than RFC 9112 obliges where leniency has let requests be smuggled: no bare LF (§2.2), no obs-fold (§5.2), no
// whitespace around the request line's elements (§3), no repeated Content-Length even with equal values (§6.3), no
// Content-Length beside Transfer-Encoding (§6.1). The target takes all of printable ASCII except '#': browsers send
// | ^ ` { } [ ] \ raw in queries, other clients " < > too, and none of them can end the request line; but a fragment is
// never sent (§3.2), and bytes from 0x80 are percent-encoded by every browser and not URI characters (RFC 3986 §2).
ParseResult parse_head(std::string_view data, const ParseLimits& limits, ParseState& state, ParsedHead& out);

// All lines of a field in order, joined by ", " (RFC 9110 §5.3). head_bytes is a
// head that parse_head found complete. Allocates: for repeated fields only.
std::string joined_field(std::string_view head_bytes, Field field);

}  // namespace zc
