// Opens what a path beneath a root names, if it is a file or a directory. Waits for the disk.
#pragma once
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

}  // namespace zc
