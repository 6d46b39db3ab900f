// Whoever has started this process and wants to know of its state: sd_notify(3).
#pragma once
#include <string>
#include <string_view>

namespace zc {

/** Tells it at `address` (NOTIFY_SOCKET: a path, or `@` and a name). Waits for nobody. Returns 0 or an errno. */
int tell_service_manager(const std::string& address, std::string_view state);

}  // namespace zc
