#include "net/presence.h"

namespace zc {

uint64_t Presences::enter(uint64_t client) {
  const std::lock_guard lock(mutex_);
  return ++clients_[client];
}

void Presences::leave(uint64_t client) {
  const std::lock_guard lock(mutex_);
  const auto found = clients_.find(client);
  if (--found->second == 0) clients_.erase(found);
}

}  // namespace zc
