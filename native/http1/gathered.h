// Prepared answers to requests that came together: side by side in memory, they leave in one write. Each exchange ends
// with the last byte of its own.
#pragma once
#include <string>
#include <vector>

#include "http/service.h"
#include "http1/head.h"
#include "net/stream.h"

namespace zc {

class Gathered {
 public:
  explicit Gathered(Service& service);

  /** Is it in memory that nobody can change, and short enough to be copied? */
  static bool takes(const Reply& reply, bool is_head);
  /** Nothing more joins them: there is no room, or the stream had none. */
  bool full() const { return blocked_ || bytes_.size() + kCopied + kHeadEndSize > kRoom || waiting_.size() == kMost; }
  /** Takes over an exchange that nobody knows by number. */
  void add(Exchange&& exchange, Ref<const Reply> reply, bool is_head, HeadEnd end);

  /** As far as the stream takes them. `moved`: all of them. */
  Io send(Stream& stream);
  /** Bytes of all that have left. */
  size_t sent() const { return sent_; }
  /** The stream had no room. */
  bool blocked() const { return blocked_; }
  /** Those that are left do not reach their end. */
  void abandon(ExchangeEnd why);

 private:
  // Of one write. A client that takes nothing has no more of them waiting.
  static constexpr size_t kRoom = 32 << 10, kMost = 64;
  // To copy more of one costs more than a call does.
  static constexpr size_t kCopied = 4 << 10;

  struct Waiting {
    Exchange exchange;
    size_t body = 0, end = 0;  // where they are
  };

  void settle();

  Service& service_;
  std::string bytes_;
  size_t sent_ = 0;
  std::vector<Waiting> waiting_;
  size_t ended_ = 0;  // of them
  bool blocked_ = false;
};

}  // namespace zc
