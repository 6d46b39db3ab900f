// The names of errno values.
#pragma once

namespace zc {

/** "ENOENT" */
const char* errno_name(int error);

}  // namespace zc
