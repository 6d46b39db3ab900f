#include "files/open.h"

#include <fcntl.h>

#include <cerrno>

namespace zc {
namespace {

OpenedFile failed(int error) { return {OpenedFile::none, {}, error}; }

OpenedFile::Type type_of(const struct stat& st) {
  if (S_ISDIR(st.st_mode)) return OpenedFile::directory;
  return S_ISREG(st.st_mode) ? OpenedFile::file : OpenedFile::other;
}

}  // namespace

OpenedFile open_file(const Root& root, const std::string& path, Symlinks symlinks) {
  struct stat st;
  // O_PATH first: opening a device or a FIFO for reading can have effects.
  const OpenResult found = open_beneath(root, path, O_PATH, symlinks);
  if (!found.fd) return failed(found.error);
  if (fstat(found.fd.get(), &st) != 0) return failed(errno);
  if (type_of(st) == OpenedFile::other) return {OpenedFile::other, {}, 0};
  OpenResult opened = open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, symlinks);
  if (!opened.fd) return failed(opened.error);
  if (fstat(opened.fd.get(), &st) != 0) return failed(errno);
  const OpenedFile::Type type = type_of(st);
  if (type == OpenedFile::other) return {type, {}, 0};
  const Volume volume = volume_of(opened.fd.get(), st.st_dev);
  if (type == OpenedFile::file && volume == Volume::made_up) return failed(EOPNOTSUPP);
  return {type, make_ref<File>(std::move(opened.fd), FileStat::from(st), path, volume), 0};
}

}  // namespace zc
