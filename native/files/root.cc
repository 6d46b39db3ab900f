#include "files/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace zc {
namespace {

constexpr uint64_t kCached = 0x20;  // RESOLVE_CACHED (Linux 5.12), which older headers lack

uint64_t resolve_of(Symlinks symlinks) {
  switch (symlinks) {
    case Symlinks::inside:
      return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    case Symlinks::none:
      return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
    case Symlinks::follow:
      return 0;
  }
  return RESOLVE_BENEATH;
}

int openat2(int dir, const char* path, uint64_t flags, uint64_t resolve) {
  open_how how{};
  how.flags = flags;
  how.resolve = resolve;
  for (;;) {
    const long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    // EAGAIN: a rename raced with the resolution; the kernel asks to try again (openat2(2)).
    const bool raced = errno == EAGAIN && (resolve & kCached) == 0;
    if (fd >= 0 || (errno != EINTR && !raced)) return static_cast<int>(fd);
  }
}

bool has_cached() {
  static const bool available = [] {
    const UniqueFd fd(openat2(AT_FDCWD, "/", O_PATH | O_CLOEXEC, kCached));
    return fd || errno == EAGAIN;
  }();
  return available;
}

// Is a path of this volume looked at in what the kernel remembers alone?
bool asks_memory(Volume volume) { return has_cached() && volume != Volume::memory; }

// Walks one component at a time and never follows a link: what the walk has passed cannot move it outside.
OpenResult walk(const Root& root, const std::string& path, int flags) {
  UniqueFd dir;
  size_t start = 0;
  for (;;) {
    const size_t slash = path.find('/', start);
    const std::string name = path.substr(start, slash == std::string::npos ? slash : slash - start);
    if (name == "..") return {{}, EXDEV};
    const bool last = slash == std::string::npos || slash + 1 == path.size();
    const int step = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW;
    const int fd = openat(dir ? dir.get() : root.fd(), name.empty() ? "." : name.c_str(), step | O_CLOEXEC);
    if (fd < 0) return {{}, errno};
    if (last) return {UniqueFd(fd), 0};
    dir.reset(fd);
    start = slash + 1;
  }
}

bool climbs(const std::string& path) {
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    if (path.compare(start, end - start, "..") == 0) return true;
    start = end + 1;
  }
  return false;
}

struct Free {
  void operator()(char* text) const { free(text); }
};
using RealPath = std::unique_ptr<char, Free>;

// Where the path ends when all its links are followed, relative to the root; false with errno, EXDEV for outside.
bool place_of(const Root& root, const std::string& path, std::string& place) {
  const RealPath top(realpath(root.path().c_str(), nullptr));
  const RealPath end(top ? realpath((root.path() + "/" + path).c_str(), nullptr) : nullptr);
  if (!end) return false;
  const std::string above = top.get(), found = end.get();
  const std::string prefix = above == "/" ? above : above + "/";
  if (found != above && found.compare(0, prefix.size(), prefix) != 0) {
    errno = EXDEV;
    return false;
  }
  place = found == above ? "." : found.substr(prefix.size());
  return true;
}

// As the kernel confines it: a link that begins at "/", or climbs out of the root and comes back, is EXDEV.
OpenResult open_strictly(const Root& root, const std::string& path, int flags, Symlinks symlinks) {
  const char* name = path.empty() ? "." : path.c_str();
  const int fd = openat2(root.fd(), name, static_cast<uint64_t>(flags | O_CLOEXEC), resolve_of(symlinks));
  if (fd < 0) return {{}, errno};
  return {UniqueFd(fd), 0};
}

// Where the links lead is a text by now: that no link has moved meanwhile, the kernel sees to once more.
OpenResult open_at_place(const Root& root, const std::string& path, int flags) {
  std::string place;
  if (climbs(path)) return {{}, EXDEV};
  if (!place_of(root, path, place)) return {{}, errno};
  return has_openat2() ? open_strictly(root, place, flags, Symlinks::none) : walk(root, place, flags);
}

}  // namespace

Ref<Root> Root::open(const std::string& path) {
  // "/.": also to the directory itself, search permission is needed by whoever opens beneath it.
  UniqueFd fd(::open((path + "/.").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat st;
  if (!fd || fstat(fd.get(), &st) != 0) return {};
  const Volume volume = volume_of(fd.get(), st.st_dev);
  return Ref<Root>(new Root(std::move(fd), path, st.st_dev, st.st_ino, volume));
}

RootLook Root::look() const {
  // Also an fstat may wait for somebody else's server.
  if (volume_ == Volume::remote) return RootLook::unsure;
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  const UniqueFd fd(asks_memory(volume_) ? openat2(AT_FDCWD, path_.c_str(), kFlags, kCached)
                                         : ::open(path_.c_str(), kFlags));
  struct stat st;
  if (fd && fstat(fd.get(), &st) == 0) return st.st_dev == dev_ && st.st_ino == ino_ ? RootLook::same : RootLook::moved;
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EACCES:
      return RootLook::moved;
    default:
      // EAGAIN, EMFILE, EIO…
      return RootLook::unsure;
  }
}

bool Root::remembers() const {
  switch (volume_) {
    case Volume::memory:
      return has_openat2();
    case Volume::local:
      return has_cached();
    case Volume::remote:
    case Volume::made_up:
      return false;
  }
  return false;
}

bool has_openat2() {
  static const bool available = [] {
    const UniqueFd fd(openat2(AT_FDCWD, ".", O_PATH | O_CLOEXEC, RESOLVE_BENEATH));
    return static_cast<bool>(fd);
  }();
  return available;
}

OpenResult open_beneath(const Root& root, const std::string& path, int flags, Symlinks symlinks) {
  if (symlinks == Symlinks::follow) {
    const int fd = openat(root.fd(), path.empty() ? "." : path.c_str(), flags | O_CLOEXEC);
    if (fd < 0) return {{}, errno};
    return {UniqueFd(fd), 0};
  }
  if (!has_openat2()) return symlinks == Symlinks::none ? walk(root, path, flags) : open_at_place(root, path, flags);
  OpenResult opened = open_strictly(root, path, flags, symlinks);
  if (symlinks == Symlinks::none || opened.error != EXDEV) return opened;
  return open_at_place(root, path, flags);
}

OpenResult open_remembered(const Root& root, const std::string& path, int flags, Symlinks symlinks, Mounts mounts) {
  if (!has_openat2()) return open_beneath(root, path, flags, symlinks);
  const bool own = mounts == Mounts::own;
  const uint64_t resolve =
      resolve_of(symlinks) | (asks_memory(root.volume()) ? kCached : 0) | (own ? RESOLVE_NO_XDEV : 0);
  const int fd = openat2(root.fd(), path.empty() ? "." : path.c_str(), static_cast<uint64_t>(flags | O_CLOEXEC), resolve);
  if (fd >= 0) return {UniqueFd(fd), 0};
  // Where such a link leads takes more looks than one, and some of them may wait.
  return {{}, (own || symlinks == Symlinks::inside) && errno == EXDEV ? EAGAIN : errno};
}

}  // namespace zc
