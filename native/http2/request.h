// A request's field lines as a head of no HTTP version, and what is demanded of them. RFC 9113 §8.2, §8.3.
#pragma once
#include <optional>

#include "http/limits.h"
#include "http/request.h"
#include "http2/hpack.h"

namespace zc {

/** Lies where its field lines do. */
struct Http2Request : RequestHead {
  std::optional<uint64_t> content_length;
  std::optional<std::string_view> priority;  // RFC 9218
};

enum class RequestResult : uint8_t {
  complete,
  malformed,         // the stream is reset (§8.1.1)
  bad_request,       // 400
  uri_too_long,      // 414
  fields_too_large,  // 431
};

/** Is a field of this name, in lower case, about one HTTP/1 connection (§8.2.2)? HTTP/2 has none, either way. */
bool is_of_connection(std::string_view name);

RequestResult read_request(const HeaderList& list, const ParseLimits& limits, Http2Request& request);

/** Are these fit to follow a body (§8.1)? They are dropped. */
bool are_trailers(const HeaderList& list);

/** All lines of a repeated field as one value (RFC 9110 §5.3). */
std::string joined_lines(const HeaderList& list, Field field);

}  // namespace zc
