// The 206 of any one range, made from the prepared reply of another. RFC 9110 §14.
#pragma once
#include <string_view>

#include "http/reply.h"

namespace zc {

/**
 * Reads a Range of one int-range or suffix-range that a representation of `size` bytes satisfies (§14.1.2).
 * False for every other: lists, spaces, units, errors and what is out of reach are judged in TypeScript.
 */
bool read_range(std::string_view value, uint64_t size, ByteSpan& span);

/** The 206 of this span: the template of its length, with its Content-Range and Content-Length. */
Ref<const Reply> slice(const HotReply& templates, ByteSpan span);

}  // namespace zc
