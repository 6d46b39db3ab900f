#include "files/open.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

namespace zc {
namespace {

OpenedFile failed(int error) { return {OpenedFile::none, {}, error}; }

OpenedFile::Type type_of(mode_t mode) {
  if (S_ISDIR(mode)) return OpenedFile::directory;
  return S_ISREG(mode) ? OpenedFile::file : OpenedFile::other;
}

struct Place {
  dev_t device;
  mode_t mode;
};

// An fstat may wait for a server; this takes what the kernel has (statx(2), AT_STATX_DONT_SYNC).
std::optional<Place> place_of(int fd) {
  struct statx now;
  if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &now) != 0) return std::nullopt;
  return Place{makedev(now.stx_dev_major, now.stx_dev_minor), now.stx_mode};
}

}  // namespace

OpenedFile open_file(const Root& root, const std::string& path, Symlinks symlinks) {
  struct stat st;
  // O_PATH first: opening a device or a FIFO for reading can have effects.
  const OpenResult found = open_beneath(root, path, O_PATH, symlinks);
  if (!found.fd) return failed(found.error);
  if (fstat(found.fd.get(), &st) != 0) return failed(errno);
  if (type_of(st.st_mode) == OpenedFile::other) return {OpenedFile::other, {}, 0};
  OpenResult opened = open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, symlinks);
  if (!opened.fd) return failed(opened.error);
  if (fstat(opened.fd.get(), &st) != 0) return failed(errno);
  const OpenedFile::Type type = type_of(st.st_mode);
  if (type == OpenedFile::other) return {type, {}, 0};
  const Volume volume = volume_of(opened.fd.get(), st.st_dev);
  if (type == OpenedFile::file && volume == Volume::made_up) return failed(EOPNOTSUPP);
  return {type, make_ref<File>(std::move(opened.fd), FileStat::from(st), path, volume), 0};
}

std::optional<OpenedFile> open_file_now(const Root& root, const std::string& path, Symlinks symlinks) {
  if (!root.remembers()) return std::nullopt;
  const OpenResult found = open_remembered(root, path, O_PATH, symlinks);
  if (!found.fd) return found.error == EAGAIN ? std::nullopt : std::optional(failed(found.error));
  const std::optional<Place> place = place_of(found.fd.get());
  if (!place || place->device != root.device()) return std::nullopt;
  if (type_of(place->mode) == OpenedFile::other) return OpenedFile{OpenedFile::other, {}, 0};
  OpenResult opened = open_remembered(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, symlinks);
  if (!opened.fd) return opened.error == EAGAIN ? std::nullopt : std::optional(failed(opened.error));
  struct stat st;
  if (fstat(opened.fd.get(), &st) != 0 || st.st_dev != root.device()) return std::nullopt;
  const OpenedFile::Type type = type_of(st.st_mode);
  if (type == OpenedFile::other) return OpenedFile{type, {}, 0};
  return OpenedFile{type, make_ref<File>(std::move(opened.fd), FileStat::from(st), path, root.volume()), 0};
}

}  // namespace zc
