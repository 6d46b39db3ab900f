// The system calls that take bytes out of a file, and the question whether that would have to wait for a disk.
#pragma once
#include "base/io.h"

namespace zc {

/** pread(2), or preadv2(2) with RWF_NOWAIT: `cold` instead of waiting for the disk, `refused` where that is unknown. */
Io read_at(int file, char* to, size_t size, uint64_t offset, bool nowait);
/** sendfile(2) of at most `size` bytes from `offset` to a socket or device. Queues page references, copies nothing. */
Io send_file(int to, int file, uint64_t offset, size_t size);

/** Bytes that are asked about, paged in and remembered together: Linux's default readahead (read_ahead_kb). */
constexpr uint64_t kStretch = 128 << 10;

enum class Residency : uint8_t {
  resident,
  cold,
  unknown,  // the file system cannot be asked without waiting for it (overlayfs, tmpfs, network file systems)
};
/** Are the file's bytes [start, end) in the page cache, read to their end? Never waits for a disk. */
Residency probe_residency(int file, uint64_t start, uint64_t end);

}  // namespace zc
