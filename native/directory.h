// Reads a directory: its names with what a listing shows of them, and only those that a request could get.
#pragma once
#include <string>
#include <vector>

#include "file.h"
#include "open_beneath.h"

namespace zc {

/** Names per batch, about: some 25 ms of a pool thread where the inodes are in memory. Each is a run for the sort. */
constexpr size_t kDirectoryBatch = 16384;

struct DirectoryBatch {
  /** In UTF-8, each with a NUL after it; directories first, then by bytes. */
  std::string names;
  /** Two for each name: bytes, or -1 for a directory; mtime in ms since the epoch. */
  std::vector<double> numbers;
  bool last = false;
  int error = 0;  // errno
};

/**
 * The next names of an open directory, which `path` leads to. Each call goes on where the one before stopped: one caller
 * at a time. Absent are names that cannot be in a request path (not UTF-8, with a backslash), hidden ones unless
 * `dotfiles`, what is neither file nor directory, what may not be read, and links that open_beneath does not follow.
 */
DirectoryBatch read_directory(const Root& root, const File& directory, const std::string& path, Symlinks symlinks,
                              bool dotfiles);

}  // namespace zc
