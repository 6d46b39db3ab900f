// Reads a directory: its names with what a listing shows of them, and only those that a request could get.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "files/file.h"
#include "files/root.h"

namespace zc {

/** Entries between two looks at the queue of the pool: some 5 ms where the inodes are in memory. */
constexpr size_t kDirectoryStep = 4096;

struct DirectoryEntries {
  /** In UTF-8, each with a NUL after it; directories first, then in the order of UTF-16, which is JavaScript's. */
  std::string names;
  /** Two for each name: bytes, or -1 for a directory; mtime in ms since the epoch. */
  std::vector<double> numbers;
  /** Names that no request path can hold, and links that lead where the policy does not follow. */
  size_t unnameable = 0, refused = 0;
};

/**
 * Reads an open directory that `path` leads to, in steps; one thread at a time. Absent are names that cannot be in a
 * request path (not UTF-8, with a backslash), hidden ones unless `dotfiles`, what is neither file nor directory, what may
 * not be read, and links that open_beneath does not follow.
 */
class DirectoryReader {
 public:
  /** More entries than `max` are an error, EFBIG. */
  DirectoryReader(Ref<Root> root, Ref<File> directory, std::string path, Symlinks symlinks, bool dotfiles, size_t max)
      : root_(std::move(root)),
        directory_(std::move(directory)),
        path_(std::move(path)),
        symlinks_(symlinks),
        dotfiles_(dotfiles),
        max_(max) {}

  /** Goes on; false at the end: there is an error, or `entries` are ready. */
  bool step();
  /** errno, or 0 */
  int error() const { return error_; }
  const DirectoryEntries& entries() const { return entries_; }

 private:
  struct Entry {
    size_t name, length;  // in names_
    double size, mtime;   // -1 for a directory
  };

  void look_at(const char* name);
  void finish();
  std::string_view name_of(const Entry& entry) const { return {names_.data() + entry.name, entry.length}; }
  /** Indexes of found_ in the order of the entries. */
  std::vector<size_t> order() const;

  const Ref<Root> root_;
  const Ref<File> directory_;
  const std::string path_;
  const Symlinks symlinks_;
  const bool dotfiles_;
  const size_t max_;
  std::vector<Entry> found_;
  std::string names_;  // in one piece: an allocation for each would be dear
  DirectoryEntries entries_;
  int error_ = 0;
};

}  // namespace zc
