#include "files/directory.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace zc {
namespace {

// Some 800 names of 20 bytes a call; larger is not faster (glibc's readdir takes as much).
constexpr size_t kBuffer = 32 * 1024;

// getdents64(2): the record's fixed part; the name follows, with a NUL. glibc < 2.30 has no wrapper.
struct Record {
  uint64_t ino;
  int64_t next;
  uint16_t size;
  uint8_t type;
  char name[];
};

// Whoever we are may read it: no need to ask. (Only an access control list could say otherwise; then the link is a 403.)
constexpr mode_t kAllRead = S_IRUSR | S_IRGRP | S_IROTH;

// RFC 3629 §4: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t offset) -> unsigned { return i + offset < text.size() ? uint8_t(text[i + offset]) : 0; };
    const auto tail = [&](size_t offset) { return (at(offset) & 0xc0) == 0x80; };
    const unsigned lead = at(0), next = at(1);
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xc2 && lead <= 0xdf && tail(1)) {
      i += 2;
    } else if (lead >= 0xe0 && lead <= 0xef && tail(1) && tail(2)) {
      if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f)) return false;
      i += 3;
    } else if (lead >= 0xf0 && lead <= 0xf4 && tail(1) && tail(2) && tail(3)) {
      if ((lead == 0xf0 && next < 0x90) || (lead == 0xf4 && next > 0x8f)) return false;
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

bool is_shown(std::string_view name, bool dotfiles) {
  if (name == "." || name == "..") return false;
  return dotfiles || name[0] != '.';
}

bool is_nameable(std::string_view name) { return name.find('\\') == std::string_view::npos && is_utf8(name); }

// Where a link leads, opened as a request would: whatever lies between, the confinement decides.
bool stat_link(const Root& root, const std::string& path, Symlinks symlinks, struct stat& st, size_t& refused) {
  // O_PATH first: opening a device or a FIFO for reading can have effects.
  const OpenResult found = open_beneath(root, path, O_PATH, symlinks);
  if (found.error == EXDEV || found.error == ELOOP) ++refused;
  if (!found.fd || fstat(found.fd.get(), &st) != 0) return false;
  if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return false;
  const OpenResult opened = open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, symlinks);
  return opened.fd && fstat(opened.fd.get(), &st) == 0;
}

// In UTF-16 the surrogates of U+10000 and above (UTF-8: f0 to f4) are before U+E000 to U+FFFF (ee, ef).
int utf16_rank(char byte) {
  const int value = static_cast<uint8_t>(byte);
  return value >= 0xf0 ? value - 2 : value >= 0xee ? value + 5 : value;
}

// 0 to 9 by what they say, so that f2 is before f10; all else by code unit. src/plan/natural-order.ts has the same order.
struct Digits {
  std::string_view significant;
  size_t end;
};

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

Digits digits_at(std::string_view name, size_t from) {
  size_t first = from;
  while (first < name.size() && name[first] == '0') ++first;
  size_t end = first;
  while (end < name.size() && is_digit(name[end])) ++end;
  return {name.substr(first, end - first), end};
}

int compare_names(std::string_view one, std::string_view other) {
  size_t a = 0, b = 0;
  while (a < one.size() && b < other.size()) {
    if (is_digit(one[a]) && is_digit(other[b])) {
      const Digits x = digits_at(one, a), y = digits_at(other, b);
      if (x.significant.size() != y.significant.size()) return x.significant.size() < y.significant.size() ? -1 : 1;
      if (const int order = x.significant.compare(y.significant); order != 0) return order;
      a = x.end;
      b = y.end;
    } else {
      if (one[a] != other[b]) return utf16_rank(one[a]) - utf16_rank(other[b]);
      ++a;
      ++b;
    }
  }
  if (a < one.size() || b < other.size()) return a < one.size() ? 1 : -1;
  // Equal but for zeros before a number, which are ASCII.
  return one.compare(other);
}

bool precedes(const std::string& one, const std::string& other) { return compare_names(one, other) < 0; }

}  // namespace

bool DirectoryReader::step() {
  alignas(Record) char buffer[kBuffer];
  for (const size_t before = found_.size(); found_.size() - before < kDirectoryStep;) {
    const long got = syscall(SYS_getdents64, directory_->fd(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error_ = errno;
    if (got == 0) finish();
    if (got <= 0) return false;
    for (long at = 0; at < got;) {
      const auto* record = reinterpret_cast<const Record*>(buffer + at);
      at += record->size;
      look_at(record->name);
    }
    if (found_.size() > max_) error_ = EFBIG;
    if (error_ != 0) return false;
  }
  return true;
}

void DirectoryReader::look_at(const char* name) {
  const int fd = directory_->fd();
  struct stat st;
  if (!is_shown(name, dotfiles_)) return;
  if (!is_nameable(name)) {
    ++entries_.unnameable;
    return;
  }
  if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISLNK(st.st_mode)) {
    if (!stat_link(*root_, path_.empty() ? name : path_ + "/" + name, symlinks_, st, entries_.refused)) return;
  } else if ((st.st_mode & kAllRead) != kAllRead && faccessat(fd, name, R_OK, AT_EACCESS) != 0) {
    return;
  }
  const bool is_directory = S_ISDIR(st.st_mode);
  if (!is_directory && !S_ISREG(st.st_mode)) return;
  found_.push_back({name, is_directory, is_directory ? -1 : static_cast<double>(st.st_size),
                    static_cast<double>(nanoseconds(st.st_mtim)) / 1e6});
}

void DirectoryReader::finish() {
  std::sort(found_.begin(), found_.end(), [](const Entry& a, const Entry& b) {
    return a.directory != b.directory ? a.directory : precedes(a.name, b.name);
  });
  entries_.numbers.reserve(found_.size() * 2);
  for (const Entry& entry : found_) {
    entries_.names.append(entry.name.c_str(), entry.name.size() + 1);
    entries_.numbers.push_back(entry.size);
    entries_.numbers.push_back(entry.mtime);
  }
  found_ = {};
}

}  // namespace zc
