// What somebody else's socket takes of a file at once, on the calling thread.
#pragma once
#include <cstdint>
#include <optional>

#include "files/file.h"

namespace zc {

/**
 * Sends what the socket takes of [start, end) by sendfile(2), if it is in the page cache. Stops at whatever an engine
 * thread handles better: a full socket, cold data, an error. Returns the bytes taken; none when all were taken and
 * the file was changed meanwhile. `now`: ms, for what is remembered of the page cache.
 */
std::optional<uint64_t> send_now(int socket, const File& file, uint64_t start, uint64_t end, int64_t now);

}  // namespace zc
