#include "net/ticket_keys.h"

#include <cstring>

#include "net/openssl.h"

namespace zc {

void TicketKeys::rotate(int64_t now) {
  if (count_ > 0 && now - made_ < kPeriod) return;
  // Nobody has used the newest for longer than a ticket is good: those before it are of no use.
  if (count_ > 0 && now - made_ >= kPeriod * static_cast<int64_t>(kKept)) count_ = 0;
  TicketKey fresh;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&fresh), sizeof fresh) != 1) return;
  for (size_t i = kKept - 1; i > 0; --i) keys_[i] = keys_[i - 1];
  keys_[0] = fresh;
  count_ = count_ < kKept ? count_ + 1 : kKept;
  made_ = now;
}

std::optional<TicketKeys::Found> TicketKeys::newest(int64_t now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return count_ > 0 ? std::optional(Found{keys_[0], true}) : std::nullopt;
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name, int64_t now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  for (size_t i = 0; i < count_; ++i) {
    if (memcmp(keys_[i].name, name, sizeof keys_[i].name) == 0) return Found{keys_[i], i == 0};
  }
  return std::nullopt;
}

}  // namespace zc
