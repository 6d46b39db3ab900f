// Opens files relative to a root directory so that nothing outside it can be reached.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/ref.h"
#include "base/unique_fd.h"
#include "files/volume.h"

namespace zc {

enum class Symlinks : uint8_t { inside, none, follow };

/** What the path of an open root names. `unsure`: to tell, one would have to wait, or the system is out of something. */
enum class RootLook : uint8_t { same, moved, unsure };

/** The root directory, held open, and the path that named it: held open, it keeps its inode's number from another. */
class Root : public RefCounted {
 public:
  /** Null with errno, EACCES also for a directory that may not be entered. */
  static Ref<Root> open(const std::string& path);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  Volume volume() const { return volume_; }
  /** Can anything beneath it be opened without waiting (see open_remembered)? */
  bool remembers() const;
  bool same_directory(const Root& other) const { return dev_ == other.dev_ && ino_ == other.ino_; }
  /** Is it still the directory that its path names? By what the kernel remembers of the path alone (RESOLVE_CACHED, Linux 5.12). */
  RootLook look() const;

 private:
  Root(UniqueFd fd, std::string path, dev_t dev, ino_t ino, Volume volume)
      : fd_(std::move(fd)), path_(std::move(path)), dev_(dev), ino_(ino), volume_(volume) {}

  const UniqueFd fd_;
  const std::string path_;
  const dev_t dev_;
  const ino_t ino_;
  const Volume volume_;
};

/** What may be opened: also what is mounted beneath the root, or only what lies on the root's own file system. */
enum class Mounts : uint8_t { any, own };

struct OpenResult {
  UniqueFd fd;
  int error = 0;  // errno, when there is no descriptor
};

/**
 * Opens `path` (relative, '/'-separated) beneath the root. Under Symlinks::inside where it ends decides: openat2(2) with
 * RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, and where that refuses a link that begins at "/" or climbs out on its way,
 * once more by the real path, if it lies beneath the root's. Under Symlinks::none there may be no link. Kernels without
 * openat2 (< 5.6) walk the real path's components with O_NOFOLLOW. `flags` are open(2)'s; O_CLOEXEC is added.
 */
OpenResult open_beneath(const Root& root, const std::string& path, int flags, Symlinks symlinks);

/**
 * The same from what the kernel remembers of the tree alone (RESOLVE_CACHED, Linux 5.12): EAGAIN where it would have to
 * ask the file system, and wait, for links that it does not confine, and for what is none of these mounts. Older kernels
 * wait, and so does a root in memory: tmpfs remembers no absent names, and there is nothing to wait for.
 */
OpenResult open_remembered(const Root& root, const std::string& path, int flags, Symlinks symlinks, Mounts mounts);

/** Does the kernel have openat2(2)? Asked once. */
bool has_openat2();

}  // namespace zc
