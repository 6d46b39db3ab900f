// The addon's exports for the process as a whole: who it is, and what it may reach.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "addon/values.h"
#include "base/identity.h"
#include "base/landlock.h"
#include "base/service_manager.h"

namespace zc::js {
namespace {

std::vector<std::string> to_strings(napi_env env, napi_value array) {
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < length(env, array); ++i) strings.push_back(to_utf8(env, element(env, array, i)));
  return strings;
}

// With a null at the end, as execve(2) wants them.
std::vector<char*> to_pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& each : strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

// findAccount(user, group): undefined, or [uid, gid]; -1 stands for what is not to be found.
napi_value find_account(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const std::optional<Account> account = find_user(to_utf8(env, args[0]));
  const std::string group = to_utf8(env, args[1]);
  const std::optional<gid_t> gid = !group.empty() ? find_group(group) : account ? account->gid : std::nullopt;
  napi_value pair;
  napi_create_array(env, &pair);
  napi_set_element(env, pair, 0, number(env, account ? account->uid : -1.0));
  napi_set_element(env, pair, 1, number(env, gid ? *gid : -1.0));
  return pair;
}

napi_value done(napi_env env, int error, const char* call, const std::string& subject) {
  return error == 0 ? undefined(env) : throw_errno(env, error, call, subject);
}

// actAs(user, gid)
napi_value act_as(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const std::string name = to_utf8(env, args[0]);
  const std::optional<Account> account = find_user(name);
  if (!account) return throw_type(env, "actAs(user, gid): no such user");
  return done(env, zc::act_as(*account, static_cast<gid_t>(to_number(env, args[1]))), "setresuid", name);
}

// filesAs(uid)
napi_value files_as(napi_env env, napi_callback_info info) {
  const double uid = to_number(env, Arguments(env, info)[0]);
  return done(env, zc::files_as(static_cast<uid_t>(uid)), "setfsuid", std::to_string(static_cast<uid_t>(uid)));
}

// stay(uid, gid)
napi_value stay(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const auto uid = static_cast<uid_t>(to_number(env, args[0]));
  return done(env, zc::stay(uid, static_cast<gid_t>(to_number(env, args[1]))), "setresuid", std::to_string(uid));
}

// restartConfined(grants, program, args, environment, descriptors): returns only by an Error.
napi_value restart_confined(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  Grants grants;
  grants.read = to_strings(env, get(env, args[0], "read"));
  grants.execute = to_strings(env, get(env, args[0], "execute"));
  grants.write = to_strings(env, get(env, args[0], "write"));
  if (const napi_value ports = get(env, args[0], "ports"); is_type(env, ports, napi_object)) {
    grants.ports.emplace();
    for (uint32_t i = 0; i < length(env, ports); ++i) {
      grants.ports->push_back(static_cast<uint16_t>(to_number(env, element(env, ports, i))));
    }
  }
  const std::string program = to_utf8(env, args[1]);
  std::vector<std::string> words = to_strings(env, args[2]);
  std::vector<std::string> variables = to_strings(env, args[3]);
  const std::vector<char*> argv = to_pointers(words);
  const std::vector<char*> envp = to_pointers(variables);
  if (const int error = confine(grants)) return throw_errno(env, error, "landlock", program);
  // node closes on exec what it was started with, its standard streams among them.
  for (uint32_t i = 0; i < length(env, args[4]); ++i) {
    fcntl(static_cast<int>(to_number(env, element(env, args[4], i))), F_SETFD, 0);
  }
  execve(program.c_str(), argv.data(), envp.data());
  return throw_errno(env, errno, "execve", program);
}

// tellServiceManager(address, state)
napi_value tell(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const std::string address = to_utf8(env, args[0]);
  return done(env, tell_service_manager(address, to_utf8(env, args[1])), "sendto", address);
}

// lockFile(fd): whether it is this process's now; it is until the process ends or the file is closed.
napi_value lock_file(napi_env env, napi_callback_info info) {
  const int fd = static_cast<int>(to_number(env, Arguments(env, info)[0]));
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return boolean(env, true);
  return errno == EWOULDBLOCK ? boolean(env, false) : throw_errno(env, errno, "flock", std::to_string(fd));
}

}  // namespace

void define_process(napi_env env, napi_value exports) {
  export_function(env, exports, "findAccount", find_account);
  export_function(env, exports, "actAs", act_as);
  export_function(env, exports, "filesAs", files_as);
  export_function(env, exports, "stay", stay);
  export_function(env, exports, "restartConfined", restart_confined);
  export_function(env, exports, "tellServiceManager", tell);
  export_function(env, exports, "lockFile", lock_file);
}

}  // namespace zc::js
