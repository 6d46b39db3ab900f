// What a thread, and all that it starts, may still reach: landlock(7), Linux 5.13 and later. Nothing gives it back.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zc {

/** All else is denied. Paths stand for what is there now, directories with all beneath them; those that are missing grant nothing. */
struct Grants {
  std::vector<std::string> read;
  std::vector<std::string> execute;
  /** Directories, in which files and sockets are made, written and removed; or files. */
  std::vector<std::string> write;
  /** TCP ports to listen on (ABI 4); 0 is a free one. There is none to connect to. Unless given, TCP is free. */
  std::optional<std::vector<uint16_t>> ports;
};

/** Version of the kernel's interface; 0 where it has none, or is told not to use it. */
int landlock_abi();

/**
 * The calling thread gains no privileges any more (PR_SET_NO_NEW_PRIVS) and reaches what is granted, as far as the kernel
 * can tell: ports from ABI 4 on, signals and abstract sockets of others from ABI 6 on. Returns 0 or an errno.
 */
int confine(const Grants& grants);

}  // namespace zc
