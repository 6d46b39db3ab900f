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
char utf16_rank(char byte) {
  const int value = static_cast<uint8_t>(byte);
  return static_cast<char>(value >= 0xf0 ? value - 2 : value >= 0xee ? value + 5 : value);
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Bytes in whose order names are: 0 to 9 by what they say, so that f2 is before f10; all else by code unit.
// src/plan/natural-order.ts has the same order. Names that differ in zeros before a number only have the same.
void append_key(std::string& keys, std::string_view name) {
  for (size_t at = 0; at < name.size();) {
    if (!is_digit(name[at])) {
      keys.push_back(utf16_rank(name[at++]));
      continue;
    }
    size_t end = at;
    while (end < name.size() && is_digit(name[end])) ++end;
    while (at < end && name[at] == '0') ++at;
    // No other byte is between 0 and 9. A name has 255 at most (NAME_MAX).
    keys.push_back('0');
    keys.push_back(static_cast<char>(end - at));
    keys.append(name, at, end - at);
    at = end;
  }
}

// The first bytes as a number in the same order: most comparisons end there, in one word.
uint64_t head_of(std::string_view key) {
  uint64_t head = 0;
  for (size_t i = 0; i < sizeof head; ++i) head = head << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
  return head;
}

size_t common_prefix(std::string_view one, std::string_view other) {
  const size_t shorter = std::min(one.size(), other.size());
  return std::mismatch(one.begin(), one.begin() + shorter, other.begin()).first - one.begin();
}

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
  const size_t length = strlen(name);
  found_.push_back({names_.size(), length, is_directory ? -1 : static_cast<double>(st.st_size),
                    static_cast<double>(nanoseconds(st.st_mtim)) / 1e6});
  names_.append(name, length);
}

std::vector<size_t> DirectoryReader::order() const {
  std::string keys;
  std::vector<size_t> ends{0};
  for (const Entry& entry : found_) {
    keys.push_back(entry.size < 0 ? 0 : 1);
    append_key(keys, name_of(entry));
    ends.push_back(keys.size());
  }
  const auto key_of = [&](size_t i) { return std::string_view(keys).substr(ends[i], ends[i + 1] - ends[i]); };
  // Names of one directory often begin alike.
  size_t prefix = found_.empty() ? 0 : key_of(0).size();
  for (size_t i = 1; i < found_.size(); ++i) prefix = common_prefix(key_of(0).substr(0, prefix), key_of(i));

  struct Place {
    uint64_t head;
    size_t index;
  };
  std::vector<Place> places;
  places.reserve(found_.size());
  for (size_t i = 0; i < found_.size(); ++i) places.push_back({head_of(key_of(i).substr(prefix)), i});
  std::sort(places.begin(), places.end(), [&](const Place& one, const Place& other) {
    if (one.head != other.head) return one.head < other.head;
    const int by_key = key_of(one.index).compare(key_of(other.index));
    return by_key != 0 ? by_key < 0 : name_of(found_[one.index]) < name_of(found_[other.index]);
  });
  std::vector<size_t> indexes;
  indexes.reserve(places.size());
  for (const Place& place : places) indexes.push_back(place.index);
  return indexes;
}

void DirectoryReader::finish() {
  entries_.names.reserve(names_.size() + found_.size());
  entries_.numbers.reserve(found_.size() * 2);
  for (const size_t index : order()) {
    const Entry& entry = found_[index];
    entries_.names.append(name_of(entry)).push_back('\0');
    entries_.numbers.push_back(entry.size);
    entries_.numbers.push_back(entry.mtime);
  }
  found_ = {};
  names_ = {};
}

}  // namespace zc
