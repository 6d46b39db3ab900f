// One client connection of an engine thread (or one borrowed socket that only takes a body).
#pragma once
#include <string>
#include <string_view>

#include "http1/body_reader.h"
#include "http1/parser.h"
#include "base/timer_wheel.h"
#include "http1/transmission.h"
#include "base/unique_fd.h"

namespace zc {

struct Connection : Timer {
  enum class State : uint8_t {
    receive,  // a request head
    answer,   // TypeScript plans the answer
    send,
    page,    // the pager fetches the next bytes from the disk
    verify,  // the end is held back until the peer has acknowledged the rest
    drain,   // the rest of a request body
    linger,  // our side is shut; what the client still sends is dropped so that no reset eats our answer
    closed,
  };

  UniqueFd socket;
  uint32_t index = 0;
  uint32_t generation = 0;
  State state = State::closed;
  bool readable = false;      // bytes (or the end) may wait in the socket; edge-triggered, so remembered
  bool peer_ended = false;    // EPOLLRDHUP was seen: read until the end
  bool input_ended = false;   // recv said so: the client has half-closed
  bool close_after = false;   // this answer
  bool drops_input = false;   // closing with unread request bytes: linger
  bool has_body = false;      // a request body follows the head
  bool head_begun = false;    // the first byte of a head is here: its timeout runs
  bool queued = false;        // in the thread's ready list
  uint8_t minor_version = 1;
  bool is_head = false;
  bool corked = false;        // the last reply may wait in the kernel for the next
  uint64_t lingered = 0;      // bytes dropped
  uint64_t transfer = 0;      // id of the transfer on somebody else's socket; 0 for a client of our own
  std::string input;          // received and not yet used
  size_t used = 0;            // of it
  ParseState parse;
  BodyDrain drain;
  Transmission out;

  bool borrowed() const { return transfer != 0; }
  std::string_view pending() const { return std::string_view(input).substr(used); }
  /** More input; what is used up makes room first, or a client that pipelines without end would fill memory. */
  void append(std::string_view received) {
    input.erase(0, used);
    used = 0;
    input.append(received);
  }
  void consume(size_t bytes) {
    used += bytes;
    if (used == input.size()) {
      input.clear();
      used = 0;
    }
  }
};

}  // namespace zc
