// Bytes that were made here, as a file: what is sent of it is sent as of any other.
#pragma once
#include <string>
#include <string_view>

#include "files/file.h"

namespace zc {

/**
 * A memfd with these bytes, sealed: nobody can write, cut or grow it. `mtime`: ns since the epoch. Null, and errno tells why,
 * where the system has no room for it.
 */
Ref<File> make_memory_file(std::string_view bytes, int64_t mtime, std::string path);

}  // namespace zc
