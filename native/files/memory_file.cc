#include "files/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/io.h"

namespace zc {
namespace {

constexpr int64_t kSecond = 1'000'000'000;  // ns

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = retry([&] { return write(fd, bytes.data(), bytes.size()); });
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

Ref<File> make_memory_file(std::string_view bytes, int64_t mtime, std::string path) {
  UniqueFd fd(memfd_create("zcserve-encoded", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || !write_all(fd.get(), bytes)) return {};
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return {};
  const timespec time{mtime / kSecond, mtime % kSecond};
  const timespec times[] = {time, time};
  struct stat st;
  if (futimens(fd.get(), times) != 0 || fstat(fd.get(), &st) != 0) return {};
  return make_ref<File>(std::move(fd), FileStat::from(st), std::move(path), Volume::memory);
}

}  // namespace zc
