// Opens files relative to a root directory so that nothing outside it can be reached.
#pragma once
#include <cstdint>
#include <string>

#include "ref.h"
#include "unique_fd.h"

namespace zc {

enum class Symlinks : uint8_t { inside, none, follow };

/** The root directory, held open: renaming it moves the site, replacing its name does not. */
class Root : public RefCounted {
 public:
  explicit Root(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }

 private:
  const UniqueFd fd_;
};

struct OpenResult {
  UniqueFd fd;
  int error = 0;  // errno, when there is no descriptor
};

/**
 * Opens `path` (relative, '/'-separated) beneath the root: openat2(2) with RESOLVE_BENEATH |
 * RESOLVE_NO_MAGICLINKS, and RESOLVE_NO_SYMLINKS under Symlinks::none. Kernels without openat2 (< 5.6) walk
 * the components with O_NOFOLLOW and then follow no link at all. `flags` are open(2)'s; O_CLOEXEC is added.
 */
OpenResult open_beneath(const Root& root, const std::string& path, int flags, Symlinks symlinks);

/** Does the kernel have openat2(2)? Asked once. */
bool has_openat2();

}  // namespace zc
