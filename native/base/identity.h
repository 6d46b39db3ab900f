// Which user the process is, for all of its threads: the C library tells every one (nptl(7)).
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

namespace zc {

struct Account {
  /** Empty where the number has no entry. */
  std::string name;
  uid_t uid;
  /** Of the entry; undefined without one. */
  std::optional<gid_t> gid;
};

/** By name or number. */
std::optional<Account> find_user(const std::string& name);
std::optional<gid_t> find_group(const std::string& name);

/**
 * From now on the process acts as that user, with the groups of its entry, and opens what it may open. Root is only saved:
 * this thread may still bind ports below 1024, lock memory, and ask for its files (`files_as`). Returns 0 or an errno.
 */
int act_as(const Account& account, gid_t gid);

/** Files of this thread are opened and made as that user. Returns 0 or an errno. */
int files_as(uid_t uid);

/** After `act_as`: nothing gives root back. Returns 0 or an errno: EPERM also where some of it would be left. */
int stay(uid_t uid, gid_t gid);

}  // namespace zc
