// A body that is made while it is sent: its bytes as far as they have come, in order. Whoever makes it is told of what has
// left, and keeps within what may wait here.
#pragma once
#include <deque>
#include <utility>
#include <vector>

#include "files/memory.h"

namespace zc {

class Feed {
 public:
  /** `piece`: not empty. */
  void push(Ref<Memory> piece) { pieces_.push_back(std::move(piece)); }
  /** Nothing more comes: that was all of it, or it cannot be made. */
  void finish(bool whole) { state_ = whole ? State::whole : State::failed; }

  bool whole() const { return state_ == State::whole; }
  bool failed() const { return state_ == State::failed; }
  /** Null behind the last that has come. */
  const Memory* piece(size_t index) const { return index < pieces_.size() ? pieces_[index].get() : nullptr; }

  /** The first one is sent: it stays until settle(), for a batch may point at it. */
  void drop_first() {
    spent_bytes_ += pieces_.front()->size();
    spent_.push_back(std::move(pieces_.front()));
    pieces_.pop_front();
  }
  /** Nothing points at what is sent any more. */
  void settle() { spent_.clear(); }
  /** Bytes that were dropped since this was asked last. */
  uint64_t take_spent() { return std::exchange(spent_bytes_, 0); }

 private:
  enum class State : uint8_t { open, whole, failed };

  std::deque<Ref<Memory>> pieces_;
  std::vector<Ref<Memory>> spent_;
  uint64_t spent_bytes_ = 0;
  State state_ = State::open;
};

}  // namespace zc
