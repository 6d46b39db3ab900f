#include "base/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"

namespace zc {
namespace {

// linux/landlock.h, which older headers lack; the numbers are the same on all architectures.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr unsigned kVersion = 1;
constexpr int kPathBeneath = 1, kNetPort = 2;

enum : uint64_t {
  execute = 1 << 0,
  write_file = 1 << 1,
  read_file = 1 << 2,
  read_dir = 1 << 3,
  remove_file = 1 << 5,
  make_reg = 1 << 8,
  make_sock = 1 << 9,
  truncate = 1 << 14,
  ioctl_dev = 1 << 15,

  of_files = execute | write_file | read_file | truncate | ioctl_dev,
};

// What each version can deny: ABI 1 has 13 rights, 2 refer, 3 truncate, 5 ioctl_dev.
uint64_t deniable(int abi) {
  if (abi >= 5) return (1 << 16) - 1;
  if (abi >= 3) return (1 << 15) - 1;
  return abi == 2 ? (1 << 14) - 1 : (1 << 13) - 1;
}

struct RulesetAttr {
  uint64_t fs = 0;
  uint64_t net = 0;     // ABI 4: bind 1, connect 2
  uint64_t scoped = 0;  // ABI 6: abstract sockets 1, signals 2
};

struct __attribute__((packed)) PathAttr {
  uint64_t allowed;
  int32_t parent;
};

struct PortAttr {
  uint64_t allowed;
  uint64_t port;
};

// An older kernel takes no longer structure than it knows.
size_t size_for(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

class Ruleset {
 public:
  Ruleset(int abi, bool with_ports) {
    attr_.fs = deniable(abi);
    attr_.net = with_ports && abi >= 4 ? 3 : 0;
    attr_.scoped = abi >= 6 ? 3 : 0;
    fd_.reset(static_cast<int>(syscall(kCreateRuleset, &attr_, size_for(abi), 0)));
  }
  int fd() const { return fd_.get(); }

  int allow(const std::vector<std::string>& paths, uint64_t rights) {
    for (const std::string& path : paths) {
      if (const int error = allow(path, rights)) return error;
    }
    return 0;
  }

  int allow_ports(const std::vector<uint16_t>& ports) {
    for (const uint16_t port : ports) {
      const PortAttr rule{1, port};
      if (attr_.net != 0 && syscall(kAddRule, fd(), kNetPort, &rule, 0) != 0) return errno;
    }
    return 0;
  }

 private:
  int allow(const std::string& path, uint64_t rights) {
    const UniqueFd found(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat st;
    if (!found || fstat(found.get(), &st) != 0) return 0;
    if (!S_ISDIR(st.st_mode)) rights &= of_files;
    const PathAttr rule{rights & attr_.fs, found.get()};
    return syscall(kAddRule, fd(), kPathBeneath, &rule, 0) == 0 ? 0 : errno;
  }

  RulesetAttr attr_;
  UniqueFd fd_;
};

}  // namespace

int landlock_abi() {
  return static_cast<int>(std::max(syscall(kCreateRuleset, nullptr, 0, kVersion), 0L));
}

int confine(const Grants& grants) {
  const int abi = landlock_abi();
  if (abi == 0) return ENOSYS;
  Ruleset rules(abi, grants.ports.has_value());
  if (rules.fd() < 0) return errno;
  int error = rules.allow(grants.read, read_file | read_dir);
  if (error == 0) error = rules.allow(grants.execute, read_file | execute);
  if (error == 0) {
    constexpr uint64_t kChange = write_file | truncate | make_reg | make_sock | remove_file;
    error = rules.allow(grants.write, read_file | read_dir | kChange);
  }
  if (error == 0 && grants.ports) error = rules.allow_ports(*grants.ports);
  if (error != 0) return error;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(kRestrictSelf, rules.fd(), 0) == 0 ? 0 : errno;
}

}  // namespace zc
