// What is known of a directory whose files are asked for one by one. Immutable but for the atomics, shared by the
// threads.
#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "base/ref.h"
#include "files/names.h"

namespace zc {

struct Directory : RefCounted {
  std::string path;           // as in requests, without a slash at the end: "" is the root's
  Ref<DirectoryNames> names;  // null: nobody knows
  uint32_t group = 0;         // whose templates are its own
  /** What is put behind a name in search of a file, "" among them: where none of them stands, nothing does. Empty: nobody knows. */
  std::vector<std::string> tried;
  bool like_above = false;  // what is missing here is answered as what is missing in the directory above, while the names hold
  uint32_t patience = 0;  // requests after which it is time to read its names
  mutable std::atomic<uint32_t> asked{0};
  mutable std::atomic<int64_t> valid_until{0};  // ms; its version is compared after it
  mutable std::atomic<bool> replaced{false};    // something else is known of it now
  mutable std::atomic<bool> keeps{false};       // a file of it is kept: TypeScript has been told
};

}  // namespace zc
