// What HTTP/2 makes of a reply's head: a header block. RFC 9113 §8.3.2.
#pragma once
#include <string_view>

#include "http/date.h"
#include "http/reply.h"

namespace zc {

/** Makes the peer's table for us empty, as we never use it (RFC 7541 §4.2): what a connection's first block begins with. */
constexpr std::string_view kNoTable = "\x20";

/** Status and fields, but Date; made once for a reply. */
std::string_view block_of(const Reply& reply);
/** Date's field line. Valid until the next call on this thread. */
std::string_view date_block(const HttpDate& date);

}  // namespace zc
