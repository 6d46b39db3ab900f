// How many connections each client has at this moment, on all threads of an engine together.
#pragma once
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/seeded_hash.h"

namespace zc {

class Presences {
 public:
  /** One more of this client; returns how many there are. */
  uint64_t enter(uint64_t client);
  void leave(uint64_t client);

 private:
  struct Hash {
    size_t operator()(uint64_t client) const { return text({reinterpret_cast<const char*>(&client), sizeof client}); }
    SeededHash text;
  };

  std::mutex mutex_;
  std::unordered_map<uint64_t, uint64_t, Hash> clients_;  // no more than there are connections
};

/** A connection that is counted, as long as this lives. */
class Presence {
 public:
  Presence() = default;
  Presence(Presences& presences, uint64_t client)
      : presences_(&presences), client_(client), count_(presences.enter(client)) {}
  Presence(Presence&& other) noexcept { *this = std::move(other); }
  Presence& operator=(Presence&& other) noexcept {
    std::swap(presences_, other.presences_);
    std::swap(client_, other.client_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~Presence() {
    if (presences_) presences_->leave(client_);
  }

  /** Of the client when it came, itself included; 0: nobody counts. */
  uint64_t count() const { return count_; }

 private:
  Presences* presences_ = nullptr;
  uint64_t client_ = 0;
  uint64_t count_ = 0;
};

}  // namespace zc
