// Bytes on their way to the peer: what the stream has not taken yet goes before all else.
#pragma once
#include <string>

#include "net/stream.h"

namespace zc {

class Output {
 public:
  /** Frames of the connection's own are appended here, whole. */
  std::string& frames() { return waiting_; }
  size_t size() const { return waiting_.size() - sent_; }
  bool empty() const { return size() == 0; }

  /** One attempt. What is refused of the parts is kept, so that whatever they point at may go. */
  Io send(Stream& stream, const iovec* parts, size_t count, bool more);

 private:
  void keep(const iovec* parts, size_t count, size_t from);

  std::string waiting_;
  size_t sent_ = 0;  // of it
};

}  // namespace zc
