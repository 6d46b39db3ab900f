// One open file version, and the stat fields that tell versions apart.
#pragma once
#include <sys/stat.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "files/read.h"
#include "base/ref.h"
#include "base/unique_fd.h"
#include "files/volume.h"

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
  bool operator==(const FileStat& other) const {
    return dev == other.dev && ino == other.ino && same_content(other) && ctime == other.ctime;
  }
  /** "dev-ino-size-mtime-ctime" in hex: same version, same string. */
  std::string version() const {
    char text[96];
    const int n = snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64, dev, ino, size,
                           static_cast<uint64_t>(mtime), static_cast<uint64_t>(ctime));
    return std::string(text, static_cast<size_t>(n));
  }
  static uint64_t device_of(const std::string& version) { return strtoull(version.c_str(), nullptr, 16); }
};

struct ByteSpan {
  uint64_t start = 0, end = 0;
};

class File : public RefCounted {
 public:
  /** `grows`: bytes are only ever added at its end. What it has is sent while that goes on, also what came after `stat`. */
  File(UniqueFd fd, const FileStat& stat, std::string path, Volume volume = Volume::local, bool grows = false)
      : fd_(std::move(fd)),
        stat_(stat),
        path_(std::move(path)),
        volume_(volume),
        grows_(grows),
        stretches_(std::min((stat.size + kStretch - 1) / kStretch, kMaxStretches)),
        resident_until_(new std::atomic<int64_t>[stretches_]()) {}

  int fd() const { return fd_.get(); }
  const FileStat& stat() const { return stat_; }
  /** Root-relative, for records to the log. */
  const std::string& path() const { return path_; }
  Volume volume() const { return volume_; }
  /** May these be bytes of it? Of one that grows, only the call that sends them tells. */
  bool may_have(ByteSpan span) const { return span.start <= span.end && (grows_ || span.end <= stat_.size); }
  /** Is the open file still what it was when it was opened, or if it grows, has it all before `end`? One fstat(2). */
  bool unchanged(uint64_t end) const {
    struct stat st;
    if (fstat(fd_.get(), &st) != 0) return false;
    const FileStat now = FileStat::from(st);
    return grows_ ? now.size >= end : stat_.same_content(now);
  }
  /** Is it the very version that was opened? A rename, a link or a mode moves ctime too: then it is looked for anew. */
  bool is_current() const {
    struct stat st;
    if (fstat(fd_.get(), &st) != 0) return false;
    const FileStat now = FileStat::from(st);
    return grows_ ? now.size >= stat_.size : stat_.same_content(now) && stat_.ctime == now.ctime;
  }
  /** The whole stretches around a span: what is asked about, paged in and remembered together. */
  ByteSpan stretches(ByteSpan span) const {
    // Behind its end there is nothing to ask about, and where that is by now nobody knows.
    if (grows_) return {span.start / kStretch * kStretch, span.end};
    const uint64_t end = (span.end + kStretch - 1) / kStretch * kStretch;
    return {span.start / kStretch * kStretch, std::min(end, stat_.size)};
  }
  /** Are these whole stretches in the page cache, or were they a moment ago? Never waits. `now`: ms, monotonic. */
  bool resident(ByteSpan stretches, int64_t now) const;
  /** Were they a moment ago? Asks memory only. */
  bool seen_resident(ByteSpan stretches, int64_t now) const;
  /** They are; those that lie wholly in the span are remembered. */
  void set_resident(ByteSpan span, int64_t now) const;
  /** Fills `to` with the span, if that need not wait and the file is then still what it was. */
  bool read_now(char* to, ByteSpan span, int64_t now) const;
  /** All its bytes, of this very version (ctime counts, since whoever writes can set mtime back), if that need not wait. */
  std::optional<std::string> content_now(int64_t now) const;
  /** Can its file system say what is in the page cache? True until it has said that it cannot. */
  bool probeable() const { return probeable_.load(std::memory_order_relaxed); }
  void set_unprobeable() const { probeable_.store(false, std::memory_order_relaxed); }
  /** Has the kernel refused to sendfile it? Then it is read from now on. */
  bool refused() const { return refused_.load(std::memory_order_relaxed); }
  void set_refused() const { refused_.store(true, std::memory_order_relaxed); }

 private:
  bool fill_now(char* to, ByteSpan span, int64_t now) const;

  // 1 GiB in 64 KiB of memory; what lies behind is asked about each time, and so is what was added since it was opened.
  static constexpr uint64_t kMaxStretches = 8192;

  ~File() override { close_aside(std::move(fd_), stat_.dev, stat_.size, volume_); }

  UniqueFd fd_;
  const FileStat stat_;
  const std::string path_;
  const Volume volume_;
  const bool grows_;
  const uint64_t stretches_;
  const std::unique_ptr<std::atomic<int64_t>[]> resident_until_;
  mutable std::atomic<bool> probeable_{true};
  mutable std::atomic<bool> refused_{false};
};

}  // namespace zc
