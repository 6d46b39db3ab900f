#include "files/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include <cerrno>

#include "files/file.h"

namespace zc {
namespace {

constexpr size_t kDirectories = 1000;
// Names between two looks at the queue of the pool: a millisecond.
constexpr size_t kStep = 8192;

// Times move by ticks of the kernel's clock, on some file systems by a whole second, or two: a change within the same
// tick as the one before it would not show.
constexpr int64_t kSettled = 3'000'000'000;  // ns

// statfs(2) f_type. Each moves the times of a directory with its names, and has no name but those that it lists.
bool keeps_times(uint32_t type) {
  switch (type) {
    case 0xef53:      // ext2, ext3, ext4
    case 0x58465342:  // XFS
    case 0x9123683e:  // Btrfs
    case 0xf2f52010:  // F2FS
    case 0x2fc12fc1:  // ZFS
    case 0xca451a4e:  // bcachefs
    case 0x01021994:  // tmpfs
    case 0x858458f6:  // ramfs
    case 0x794c7630:  // overlayfs
    case 0xe0f5e1e2:  // EROFS
    case 0x73717368:  // SquashFS
      return true;
    default:
      return false;
  }
}

bool is_settled(const FileStat& stat) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const int64_t last = nanoseconds(now) - kSettled;
  return stat.mtime < last && stat.ctime < last;
}

bool is_letter(char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }

}  // namespace

Stands DirectoryNames::find(std::string_view name) const {
  const uint32_t wanted = mark(name);
  Stands found = Stands::no;
  for (size_t i = home(wanted); table_[i] != 0; i = (i + 1) & mask_) {
    if ((table_[i] & ~kFile) != wanted) continue;
    // Two names may share a mark.
    if ((table_[i] & kFile) == 0) return Stands::perhaps;
    found = Stands::file;
  }
  return found;
}

void DirectoryNames::fill(const std::vector<uint32_t>& marks) {
  size_t size = 8;
  while (size < 2 * marks.size()) size *= 2;
  table_.assign(size, 0);
  mask_ = size - 1;
  count_ = marks.size();
  for (const uint32_t mark : marks) {
    size_t i = home(mark);
    while (table_[i] != 0) i = (i + 1) & mask_;
    table_[i] = mark;
  }
}

Look look(const Root& root, const std::string& path, Symlinks symlinks, const DirectoryNames& names) {
  if (!root.remembers()) return Look::unsure;
  const OpenResult opened = open_remembered(root, path, O_PATH | O_DIRECTORY, symlinks, Mounts::own);
  struct stat st;
  if (opened.fd && fstat(opened.fd.get(), &st) == 0 && FileStat::from(st).version() == names.version()) return Look::holds;
  return !opened.fd && opened.error != ENOENT && opened.error != ENOTDIR ? Look::unsure : Look::broken;
}

NamesReader::NamesReader(Ref<Root> root, std::string path, Symlinks symlinks, size_t max)
    : root_(std::move(root)), path_(std::move(path)), symlinks_(symlinks), max_(max) {}

NamesReader::~NamesReader() {
  if (stream_) closedir(static_cast<DIR*>(stream_));
}

bool NamesReader::open() {
  UniqueFd fd = open_beneath(*root_, path_, O_RDONLY | O_DIRECTORY, symlinks_).fd;
  struct stat st, top;
  struct statfs fs;
  if (!fd || fstat(fd.get(), &st) != 0 || fstat(root_->fd(), &top) != 0 || fstatfs(fd.get(), &fs) != 0) return false;
  if (st.st_dev != top.st_dev || !keeps_times(static_cast<uint32_t>(fs.f_type))) return false;
  const FileStat stat = FileStat::from(st);
  if (!is_settled(stat)) return false;
  stream_ = fdopendir(fd.get());
  if (!stream_) return false;
  fd.release();
  reading_ = make_ref<DirectoryNames>();
  reading_->version_ = stat.version();
  return true;
}

bool NamesReader::step() {
  if (!stream_ && !open()) return false;
  for (size_t i = 0; i < kStep; ++i) {
    errno = 0;
    const dirent* entry = readdir(static_cast<DIR*>(stream_));
    if (!entry) {
      if (errno == 0 && finish()) names_ = std::move(reading_);
      return false;
    }
    const std::string_view name = entry->d_name;
    if (marks_.size() >= max_) return false;
    std::vector<std::string>& directories = reading_->directories_;
    if (entry->d_type == DT_DIR && name[0] != '.' && directories.size() < kDirectories) directories.emplace_back(name);
    marks_.push_back(reading_->mark(name) | (entry->d_type == DT_REG ? DirectoryNames::kFile : 0));
    if (!lettered_.empty()) continue;
    for (const char byte : name) {
      if (is_letter(byte)) lettered_ = name;
    }
  }
  return true;
}

bool NamesReader::finish() {
  struct stat st;
  if (fstat(dirfd(static_cast<DIR*>(stream_)), &st) != 0) return false;
  if (FileStat::from(st).version() != reading_->version_) return false;
  reading_->fill(marks_);
  return !ignores_case();
}

// A casefolded directory of ext4, F2FS or tmpfs; XFS by an option of mkfs.
bool NamesReader::ignores_case() const {
  if (lettered_.empty()) return false;
  std::string other = lettered_;
  for (char& byte : other) {
    if (is_letter(byte)) byte = static_cast<char>(byte ^ 0x20);
  }
  if (reading_->may_have(other)) return false;
  return UniqueFd(openat(dirfd(static_cast<DIR*>(stream_)), other.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)).get() >= 0;
}

}  // namespace zc
