// A piece of a file, read for one connection: by its engine thread where that need not wait, else by the pager.
#pragma once
#include <memory>

#include "files/file.h"

namespace zc {

class Window : public RefCounted {
 public:
  explicit Window(uint64_t capacity) : bytes_(new char[capacity]), capacity_(capacity) {}

  /** Which bytes are wanted next; `last`: then the file must still be what it was. */
  void aim(ByteSpan span, bool last) {
    span_ = span;
    last_ = last;
    io_ = {Io::again, 0, 0};
  }
  /** Reads them all, and looks at the file after the last. `nowait`: see read_at. */
  void load(const File& file, bool nowait) {
    io_ = {Io::moved, 0, 0};
    while (io_.bytes < span_.end - span_.start) {
      const Io io =
          read_at(file.fd(), bytes_.get() + io_.bytes, span_.end - span_.start - io_.bytes, span_.start + io_.bytes, nowait);
      if (io.result != Io::moved) {
        io_ = io;
        return;
      }
      io_.bytes += io.bytes;
    }
    unchanged_ = !last_ || file.unchanged(span_.end);
  }

  /** `again` until it is loaded; `moved`: all of it is here. */
  const Io& io() const { return io_; }
  bool unchanged() const { return unchanged_; }
  uint64_t capacity() const { return capacity_; }
  ByteSpan span() const { return span_; }
  const char* at(uint64_t offset) const { return bytes_.get() + (offset - span_.start); }
  bool holds(uint64_t offset) const { return io_.result == Io::moved && offset >= span_.start && offset < span_.end; }

 private:
  const std::unique_ptr<char[]> bytes_;
  const uint64_t capacity_;
  ByteSpan span_;
  bool last_ = false, unchanged_ = false;
  Io io_{Io::again, 0, 0};
};

}  // namespace zc
