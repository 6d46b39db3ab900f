// Listening sockets, for JavaScript to own: made here, or by somebody else.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "addon/replies.h"
#include "addon/values.h"
#include "net/listener.h"

namespace zc::js {
namespace {

// Descriptors: whoever gets them closes them.
napi_value given_away(napi_env env, Listening& listening, const std::string& subject) {
  if (listening.error != 0) {
    const std::string& reason = listening.reason;
    return throw_errno(env, listening.error, "listen", reason.empty() ? subject : subject + " (" + reason + ")");
  }
  napi_value array;
  napi_create_array(env, &array);
  uint32_t at = 0;
  for (UniqueFd& fd : listening.sockets) napi_set_element(env, array, at++, number(env, fd.release()));
  return array;
}

// listen(host, port, ipv6Only, count, shared)
napi_value listen_by_tcp(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  TcpAddress address;
  address.host = to_utf8(env, args[0]);
  address.port = static_cast<uint16_t>(to_number(env, args[1]));
  address.ipv6_only = to_boolean(env, args[2]);
  Listening listening = listen_on(address, to_count(env, args[3]), to_boolean(env, args[4]));
  return given_away(env, listening, address.host.empty() ? "all addresses" : address.host);
}

// listenAt(path, mode)
napi_value listen_at_path(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const std::string path = to_utf8(env, args[0]);
  Listening listening = listen_on(path, static_cast<int>(to_number(env, args[1])));
  return given_away(env, listening, path);
}

// adopt(descriptor)
napi_value adopt_socket(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const auto descriptor = static_cast<int>(to_number(env, args[0]));
  const ListeningAddress found = adopt(descriptor);
  if (found.error != 0) return throw_errno(env, found.error, "adopt", "descriptor " + std::to_string(descriptor));
  napi_value address;
  napi_create_object(env, &address);
  if (found.host.empty()) {
    set(env, address, "path", utf8(env, found.path));
    return address;
  }
  set(env, address, "host", text(env, found.host));
  set(env, address, "port", number(env, found.port));
  return address;
}

// duplicate(descriptor)
napi_value duplicate(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const auto descriptor = static_cast<int>(to_number(env, args[0]));
  UniqueFd copy(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!copy) return throw_errno(env, errno, "dup", "descriptor " + std::to_string(descriptor));
  return number(env, copy.release());
}

// closeSockets(descriptors): by close(2), for node:fs takes a worker's for strangers.
napi_value close_sockets(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  for (uint32_t i = 0; i < length(env, args[0]); ++i) {
    UniqueFd(static_cast<int>(to_number(env, element(env, args[0], i)))).reset();
  }
  return undefined(env);
}

}  // namespace

void define_listeners(napi_env env, napi_value exports) {
  export_function(env, exports, "listen", listen_by_tcp);
  export_function(env, exports, "listenAt", listen_at_path);
  export_function(env, exports, "adopt", adopt_socket);
  export_function(env, exports, "duplicate", duplicate);
  export_function(env, exports, "closeSockets", close_sockets);
}

}  // namespace zc::js
