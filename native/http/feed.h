// A body that is made while it is sent: its bytes as far as they have come, in order. Whoever makes it is told of what has
// left, and keeps within what may wait here.
#pragma once
#include <utility>
#include <vector>

#include "files/memory.h"

namespace zc {

/** Bytes in memory, or a span of a file that only grows. */
struct FeedPiece {
  FeedPiece() = default;
  FeedPiece(Ref<Memory> bytes) : memory(std::move(bytes)) {}
  FeedPiece(Ref<const File> of, ByteSpan bytes) : file(std::move(of)), span(bytes) {}

  uint64_t size() const { return memory ? memory->size() : span.end - span.start; }

  Ref<Memory> memory;
  Ref<const File> file;
  ByteSpan span;
  bool by_descriptor = false;  // where the stream takes files
};

class Feed {
 public:
  /** `piece`: not empty. */
  void push(FeedPiece piece) { pieces_.push_back(std::move(piece)); }
  /** Nothing more comes: that was all of it, or it cannot be made. */
  void finish(bool whole) { state_ = whole ? State::whole : State::failed; }

  bool whole() const { return state_ == State::whole; }
  bool failed() const { return state_ == State::failed; }
  /** Null behind the last that has come. */
  const FeedPiece* piece(size_t index) const {
    return index < pieces_.size() - first_ ? &pieces_[first_ + index] : nullptr;
  }

  /** The first one is sent: it stays until settle(), for a batch may point at it. */
  void drop_first() { spent_bytes_ += pieces_[first_++].size(); }
  /** Nothing points at what is sent any more. One that waits for more takes no memory. */
  void settle() {
    if (first_ == pieces_.size()) pieces_ = std::vector<FeedPiece>();
    else pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
  /** Bytes that were dropped since they were taken last. */
  uint64_t spent() const { return spent_bytes_; }
  uint64_t take_spent() { return std::exchange(spent_bytes_, 0); }

  /** So many bytes of a file have left by its descriptor, or were read. */
  void note_file(uint64_t bytes, bool read) { (read ? of_files_.read : of_files_.sent) += bytes; }
  struct OfFiles {
    uint64_t sent = 0, read = 0;
  };
  /** Since this was asked last. */
  OfFiles take_of_files() { return std::exchange(of_files_, {}); }

 private:
  enum class State : uint8_t { open, whole, failed };

  std::vector<FeedPiece> pieces_;  // those before the first are sent
  size_t first_ = 0;
  uint64_t spent_bytes_ = 0;
  OfFiles of_files_;
  State state_ = State::open;
};

}  // namespace zc
