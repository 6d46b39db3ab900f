// The streams of one connection: each a request and its answer. RFC 9113 §5.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "http/exchange.h"
#include "http2/priority.h"

namespace zc {

struct StreamState {
  enum class State : uint8_t {
    ask,      // TypeScript plans the answer
    ready,    // has its place in the schedule
    blocked,  // the peer takes no more of it for now
    pace,     // the client has had its share of it for now
    page,     // the pager fetches the next bytes from the disk
    feed,     // the next bytes are not made yet
    written,  // the last of the answer is in the batch that is being sent
    drain,    // answered; the rest of the request's body comes
  };

  uint32_t number = 0;
  State state = State::ask;
  bool is_head = false;      // the request's method
  bool head_sent = false;    // of the answer
  bool input_ended = false;  // the request is here whole
  uint32_t batch = 0;        // the last one that it has a part in
  Priority priority;
  int64_t window = 0;                       // bytes that the peer takes of it
  int64_t input_window = 0;                 // bytes that we take of it
  uint64_t received = 0;                    // of the request's body
  std::optional<uint64_t> content_length;   // of the request
  bool keeps = false;                       // the body: somebody may yet receive it
  bool expects_continue = false;
  std::string content;                      // of what it keeps
  uint64_t most = 0;                        // bytes of it that are received
  int64_t answered = 0;                     // ms: when its answer began
  std::optional<int64_t> deadline;          // ms
};

/** The exchange is the stream: who has the one has the other. */
struct Http2Stream final : Exchange, StreamState {
  using Exchange::Exchange;

  Http2Stream *next = nullptr, *previous = nullptr;  // in the schedule
};

class Http2Streams {
 public:
  explicit Http2Streams(Connection& connection) : connection_(connection) {}

  size_t size() const { return open_.size(); }
  bool empty() const { return open_.empty(); }
  Http2Stream* find(uint32_t number) const;
  /** Higher than those before. */
  Http2Stream& open(uint32_t number);
  void close(Http2Stream& stream);
  /** The last first: it may be closed meanwhile, and no other. */
  template <class Visit>
  void each(Visit visit) {
    for (size_t i = open_.size(); i-- > 0;) visit(*open_[i]);
  }

  /** We have reset it: what was on its way meanwhile is no fault (§5.1). */
  void remember_reset(uint32_t number);
  bool was_reset(uint32_t number) const;

 private:
  Connection& connection_;
  std::vector<std::unique_ptr<Http2Stream>> open_;  // by number
  std::vector<std::unique_ptr<Http2Stream>> spare_;
  std::vector<uint32_t> reset_;  // a ring
  size_t next_reset_ = 0;
};

}  // namespace zc
