// Frames that leave in one write: short pieces side by side, long ones where they lie.
#pragma once
#include <sys/uio.h>

#include <cstring>
#include <string>
#include <string_view>

#include "http2/frame.h"

namespace zc {

class Batch {
 public:
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }
  /** For one more answer's frames: its head, and `kPieces` of its body cut by frames. */
  bool has_room() const { return count_ + kReserve <= kParts && used_ + kReserve * kFrameHeadSize <= kRoom; }

  void add(const FrameHead& head) {
    char bytes[kFrameHeadSize];
    write_frame_head(bytes, head);
    copy({bytes, sizeof bytes});
  }
  /** They lie there until the batch is sent. */
  void add(std::string_view bytes) {
    // A vector more costs the kernel more than copying a short piece does here.
    if (bytes.size() <= kCopied && used_ + bytes.size() + kReserve * kFrameHeadSize <= kRoom) return copy(bytes);
    if (bytes.empty()) return;
    parts_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};
    size_ += bytes.size();
  }

  const iovec* parts() const { return parts_; }
  size_t count() const { return count_; }

  static constexpr size_t kParts = 96, kPieces = 8;

 private:
  static constexpr size_t kReserve = 32, kRoom = 16 << 10, kCopied = 2 << 10;

  void copy(std::string_view bytes) {
    char* const to = room_ + used_;
    memcpy(to, bytes.data(), bytes.size());
    iovec* const last = count_ > 0 ? &parts_[count_ - 1] : nullptr;
    if (last && static_cast<char*>(last->iov_base) + last->iov_len == to) last->iov_len += bytes.size();
    else parts_[count_++] = {to, bytes.size()};
    used_ += bytes.size();
    size_ += bytes.size();
  }

  iovec parts_[kParts];
  size_t count_ = 0, used_ = 0;
  uint64_t size_ = 0;
  char room_[kRoom];
};

}  // namespace zc
