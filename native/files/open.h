// Opens what a path beneath a root names, if it is a file or a directory. Waits for the disk.
#pragma once
#include <optional>
#include <string>

#include "files/file.h"
#include "files/root.h"

namespace zc {

struct OpenedFile {
  enum Type : uint8_t {
    file,
    directory,
    other,  // a device, socket or FIFO: never opened
    none,   // `error` is the errno
  };
  Type type = none;
  Ref<File> handle;  // of a file or directory
  int error = 0;
};

OpenedFile open_file(const Root& root, const std::string& path, Symlinks symlinks);

/**
 * The same from what the kernel remembers of the tree, without waiting. None: that is not enough, or it lies on another file
 * system than the root, where nobody knows what opening it may take.
 */
std::optional<OpenedFile> open_file_now(const Root& root, const std::string& path, Symlinks symlinks);

}  // namespace zc
