// The lines around the pieces of a body whose length is not known. RFC 9112 §7.1.
#pragma once
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace zc {

class Chunks {
 public:
  /** What goes before the next byte of the body. */
  std::string_view line() const { return std::string_view(line_, size_).substr(sent_); }
  /** Bytes of the chunk that has begun and is not sent. */
  uint64_t left() const { return left_; }
  /** Has the last one begun? */
  bool over() const { return over_; }

  /** The one before it is sent whole; of no bytes: the last. */
  void begin(uint64_t bytes) {
    char* at = line_;
    if (begun_) at = append(at, "\r\n");
    at = append(std::to_chars(at, line_ + sizeof line_, bytes, 16).ptr, bytes > 0 ? "\r\n" : "\r\n\r\n");
    size_ = static_cast<size_t>(at - line_);
    sent_ = 0;
    left_ = bytes;
    begun_ = true;
    over_ = bytes == 0;
  }
  /** So much of the line and what follows it has left. Returns how much of that was the body's. */
  uint64_t advance(uint64_t bytes) {
    const size_t of_line = bytes < size_ - sent_ ? bytes : size_ - sent_;
    sent_ += of_line;
    left_ -= bytes - of_line;
    return bytes - of_line;
  }

 private:
  static char* append(char* to, std::string_view text) {
    memcpy(to, text.data(), text.size());
    return to + text.size();
  }

  char line_[24];  // 16 digits, and line ends around them
  size_t size_ = 0, sent_ = 0;
  uint64_t left_ = 0;
  bool begun_ = false, over_ = false;
};

}  // namespace zc
