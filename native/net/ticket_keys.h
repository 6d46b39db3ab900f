// Keys of session tickets: one at a time encrypts, those before it still decrypt. RFC 8446 §4.6.1, RFC 5077 §4.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/ref.h"

namespace zc {

struct TicketKey {
  unsigned char name[16];
  unsigned char mac[32];
  unsigned char cipher[32];
};

/** Of the process: a session that began on one thread goes on with any. */
class TicketKeys : public RefCounted {
 public:
  struct Found {
    TicketKey key;
    bool is_newest;
  };
  /** `now`: ms, monotonic. None where the system has no randomness. */
  std::optional<Found> newest(int64_t now);
  std::optional<Found> find(const unsigned char* name, int64_t now);

 private:
  /** A ticket is good for as long as a client may keep it, a day; what is stolen of the keys opens no more than that. */
  static constexpr size_t kKept = 3;
  static constexpr int64_t kPeriod = 12 * 60 * 60 * 1000;

  void rotate(int64_t now);

  std::mutex mutex_;
  std::array<TicketKey, kKept> keys_{};  // newest first
  size_t count_ = 0;
  int64_t made_ = 0;
};

}  // namespace zc
