#include "files/open.h"

#include <fcntl.h>

#include <cerrno>

namespace zc {
namespace {

OpenedFile failed(int error) { return {OpenedFile::none, {}, error}; }

OpenedFile::Type type_of(mode_t mode) {
  if (S_ISDIR(mode)) return OpenedFile::directory;
  return S_ISREG(mode) ? OpenedFile::file : OpenedFile::other;
}

// `volume_at` a descriptor of that device.
template <class Open, class VolumeAt>
OpenedFile open_once(Open open, const std::string& path, VolumeAt volume_at) {
  struct stat st;
  OpenResult opened = open(O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened.fd) return failed(opened.error);
  if (fstat(opened.fd.get(), &st) != 0) return failed(errno);
  const OpenedFile::Type type = type_of(st.st_mode);
  if (type == OpenedFile::other) return {type, {}, 0};
  const Volume volume = volume_at(opened.fd.get(), st.st_dev);
  if (type == OpenedFile::file && volume == Volume::made_up) return failed(EOPNOTSUPP);
  return {type, make_ref<File>(std::move(opened.fd), FileStat::from(st), path, volume), 0};
}

// O_PATH first: opening a device or a FIFO for reading can have effects.
template <class Open, class VolumeAt>
OpenedFile open_twice(Open open, const std::string& path, VolumeAt volume_at) {
  struct stat st;
  const OpenResult found = open(O_PATH);
  if (!found.fd) return failed(found.error);
  if (fstat(found.fd.get(), &st) != 0) return failed(errno);
  if (type_of(st.st_mode) == OpenedFile::other) return {OpenedFile::other, {}, 0};
  return open_once(open, path, volume_at);
}

auto remembered(const Root& root, const std::string& path, Symlinks symlinks) {
  return [&root, &path, symlinks](int flags) { return open_remembered(root, path, flags, symlinks, Mounts::own); };
}

std::optional<OpenedFile> unless_unsure(OpenedFile opened) {
  if (opened.type == OpenedFile::none && opened.error == EAGAIN) return std::nullopt;
  return opened;
}

}  // namespace

OpenedFile opened_growing(UniqueFd fd, const std::string& path) {
  struct stat st;
  if (fstat(fd.get(), &st) != 0) return failed(errno);
  if (type_of(st.st_mode) != OpenedFile::file) return failed(EINVAL);
  const Volume volume = volume_of(fd.get(), st.st_dev);
  return {OpenedFile::file, make_ref<File>(std::move(fd), FileStat::from(st), path, volume, true), 0};
}

OpenedFile open_file(const Root& root, const std::string& path, Symlinks symlinks) {
  return open_twice([&](int flags) { return open_beneath(root, path, flags, symlinks); }, path, volume_of);
}

std::optional<OpenedFile> open_file_now(const Root& root, const std::string& path, Symlinks symlinks) {
  if (!root.remembers()) return std::nullopt;
  const auto volume_at = [&root](int, uint64_t) { return root.volume(); };
  return unless_unsure(open_twice(remembered(root, path, symlinks), path, volume_at));
}

std::optional<OpenedFile> reopen_file_now(const Root& root, const std::string& path, Symlinks symlinks) {
  if (!root.remembers()) return std::nullopt;
  const auto volume_at = [&root](int, uint64_t) { return root.volume(); };
  return unless_unsure(open_once(remembered(root, path, symlinks), path, volume_at));
}

}  // namespace zc
