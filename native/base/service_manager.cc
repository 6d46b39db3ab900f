#include "base/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>

#include "base/unique_fd.h"

namespace zc {

int tell_service_manager(const std::string& address, std::string_view state) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.empty() || (address[0] != '/' && address[0] != '@')) return EAFNOSUPPORT;
  if (address.size() >= sizeof to.sun_path) return ENAMETOOLONG;
  address.copy(to.sun_path, address.size());
  if (address[0] == '@') to.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  const auto* const name = reinterpret_cast<const sockaddr*>(&to);
  return sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, name, size) < 0 ? errno : 0;
}

}  // namespace zc
