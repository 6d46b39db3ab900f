// One open file version, and the stat fields that tell versions apart.
#pragma once
#include <sys/stat.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

#include "ref.h"
#include "unique_fd.h"

namespace zc {

inline int64_t nanoseconds(const timespec& t) { return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec; }

struct FileStat {
  uint64_t dev = 0, ino = 0, size = 0;
  int64_t mtime = 0, ctime = 0;  // ns since the epoch

  static FileStat from(const struct stat& st) {
    return {st.st_dev, st.st_ino, static_cast<uint64_t>(st.st_size), nanoseconds(st.st_mtim), nanoseconds(st.st_ctim)};
  }
  /** Were the bytes written or cut between the two? (ctime also moves when a file is renamed or unlinked.) */
  bool same_content(const FileStat& other) const { return size == other.size && mtime == other.mtime; }
  /** "dev-ino-size-mtime-ctime" in hex: same version, same string. */
  std::string version() const {
    char text[96];
    const int n = snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64, dev, ino, size,
                           static_cast<uint64_t>(mtime), static_cast<uint64_t>(ctime));
    return std::string(text, static_cast<size_t>(n));
  }
};

class File : public RefCounted {
 public:
  File(UniqueFd fd, const FileStat& stat, std::string path) : fd_(std::move(fd)), stat_(stat), path_(std::move(path)) {}

  int fd() const { return fd_.get(); }
  const FileStat& stat() const { return stat_; }
  /** Root-relative, for records to the log. */
  const std::string& path() const { return path_; }
  /** Is the open file still what it was when it was opened? One fstat(2). */
  bool unchanged() const {
    struct stat st;
    return fstat(fd_.get(), &st) == 0 && stat_.same_content(FileStat::from(st));
  }
  /** Is it the very version that was opened? A rename, a link or a mode moves ctime too: then it is looked for anew. */
  bool is_current() const {
    struct stat st;
    if (fstat(fd_.get(), &st) != 0) return false;
    const FileStat now = FileStat::from(st);
    return stat_.same_content(now) && stat_.ctime == now.ctime;
  }
  /** Were all its bytes in the page cache a moment ago? Then they are not asked about again until `until` (ms). */
  bool resident(int64_t now) const { return now < resident_until_.load(std::memory_order_relaxed); }
  void set_resident(int64_t until) const { resident_until_.store(until, std::memory_order_relaxed); }
  /** Has the kernel refused to sendfile it? Then it is read from now on. */
  bool refused() const { return refused_.load(std::memory_order_relaxed); }
  void set_refused() const { refused_.store(true, std::memory_order_relaxed); }

 private:
  const UniqueFd fd_;
  const FileStat stat_;
  const std::string path_;
  mutable std::atomic<int64_t> resident_until_{0};
  mutable std::atomic<bool> refused_{false};
};

}  // namespace zc
