#include "base/identity.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace zc {
namespace {

// The largest is no user: it means "as it is" (setresuid(2)).
std::optional<uint32_t> number_in(const std::string& text) {
  if (text.empty() || text.size() > 10 || text.find_first_not_of("0123456789") != std::string::npos) return {};
  const unsigned long long value = std::stoull(text);
  if (value >= UINT32_MAX) return {};
  return static_cast<uint32_t>(value);
}

// getpwnam_r(3) and its kin: more room until the entry has enough.
template <class Entry, class Ask, class Take>
void look_up(Ask ask, Take take) {
  constexpr size_t kMost = 1 << 20;
  Entry entry;
  Entry* found = nullptr;
  std::vector<char> room(1024);
  while (ask(&entry, room.data(), room.size(), &found) == ERANGE && room.size() < kMost) room.resize(room.size() * 2);
  if (found) take(*found);
}

struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  // Of this thread.
  bool read() { return syscall(SYS_capget, &header, data) == 0; }
  bool write() { return syscall(SYS_capset, &header, data) == 0; }
};

// What a start yet needs of root: to bind ports, and to lock the cache. Where the process has it: a container's root may lack
// it, and bind and lock what it can.
int keep_starting() {
  Capabilities own;
  if (!own.read()) return errno;
  own.data[0].effective = own.data[0].permitted & (1U << CAP_NET_BIND_SERVICE | 1U << CAP_IPC_LOCK);
  return own.write() ? 0 : errno;
}

}  // namespace

std::optional<Account> find_user(const std::string& name) {
  std::optional<Account> account;
  const auto take = [&](const passwd& entry) { account = Account{entry.pw_name, entry.pw_uid, entry.pw_gid}; };
  look_up<passwd>([&](auto... room) { return getpwnam_r(name.c_str(), room...); }, take);
  const std::optional<uint32_t> number = number_in(name);
  if (account || !number) return account;
  look_up<passwd>([&](auto... room) { return getpwuid_r(*number, room...); }, take);
  return account ? account : Account{"", *number, std::nullopt};
}

std::optional<gid_t> find_group(const std::string& name) {
  std::optional<gid_t> gid = number_in(name);
  look_up<group>([&](auto... room) { return getgrnam_r(name.c_str(), room...); },
                 [&](const group& entry) { gid = entry.gr_gid; });
  return gid;
}

int act_as(const Account& account, gid_t gid) {
  const int grouped = account.name.empty() ? setgroups(1, &gid) : initgroups(account.name.c_str(), gid);
  if (grouped != 0 || setresgid(gid, gid, gid) != 0) return errno;
  return setresuid(account.uid, account.uid, 0) == 0 ? keep_starting() : errno;
}

int files_as(uid_t uid) {
  setfsuid(uid);
  // It tells no failure, only who it was before.
  return setfsuid(uid) == static_cast<int>(uid) ? 0 : EPERM;
}

int stay(uid_t uid, gid_t gid) {
  if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) return errno;
  Capabilities left;
  if (!left.read()) return errno;
  const bool none = std::all_of(std::begin(left.data), std::end(left.data),
                                [](const auto& data) { return data.effective == 0 && data.permitted == 0; });
  return none && setresuid(-1, 0, -1) != 0 ? 0 : EPERM;
}

}  // namespace zc
