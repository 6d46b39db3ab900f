// A file's bytes in the page cache: how many of them are there, and how they get there.
#pragma once
#include <optional>

#include "files/file.h"

namespace zc {

/**
 * Bytes of the span that are in the page cache, by whole pages; those too that a disk is still filling. Reads nothing, and
 * starts no readahead. Nothing where it cannot be told: by whoever might not write the file (cachestat(2), mincore(2)).
 */
std::optional<uint64_t> resident_bytes(const File& file, ByteSpan span);

/** Reads the span into the page cache, to its last byte. Waits for the disk; an error shows when the bytes are sent. */
void fill_page_cache(const File& file, ByteSpan span);

/** The same with the least claim on the disk that is served at all (ioprio_set(2)): what a client waits for goes first. */
void fill_page_cache_aside(const File& file, ByteSpan span);

}  // namespace zc
