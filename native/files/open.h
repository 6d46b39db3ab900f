// Opens what a path beneath a root names, if it is a file or a directory. Waits for the disk.
#pragma once
#include <optional>
#include <string>

#include "base/names.h"
#include "files/file.h"
#include "files/root.h"

namespace zc {

/** What stands at a path; other: a device, socket or FIFO, which is never opened. */
#define ZC_OPENED(X) X(file) X(directory) X(other)
constexpr const char* kOpenedNames[] = {ZC_OPENED(ZC_NAME)};

struct OpenedFile {
  enum Type : uint8_t {
    ZC_OPENED(ZC_ENUMERATOR)
    none,  // `error` is the errno
  };
  Type type = none;
  Ref<File> handle;  // of a file or directory
  int error = 0;
};

OpenedFile open_file(const Root& root, const std::string& path, Symlinks symlinks);

/**
 * The same from what the kernel remembers of the tree, without waiting. None: that is not enough, or it is mounted beneath
 * the root, and nobody knows how long opening it may take.
 */
std::optional<OpenedFile> open_file_now(const Root& root, const std::string& path, Symlinks symlinks);

/** The same of what was a regular file a moment ago: opened without a look at what it is now. */
std::optional<OpenedFile> reopen_file_now(const Root& root, const std::string& path, Symlinks symlinks);

/** What the descriptor has open, if it is a file: from now on one that only grows. */
OpenedFile opened_growing(UniqueFd fd, const std::string& path);

}  // namespace zc
