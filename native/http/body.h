// The bytes of a reply's body, in order: what is in memory, what the stream may take from the file itself, what must be
// waited for, what is not made yet. Knows nothing of how they are framed.
#pragma once
#include <sys/uio.h>

#include <memory>

#include "files/pager.h"
#include "http/feed.h"
#include "http/reply.h"

namespace zc {

/** What happened to a file while it was sent, for the log. */
#define ZC_FAULTS(X) X(none) X(truncated) X(changed) X(failed)
enum class FileFault : uint8_t { ZC_FAULTS(ZC_ENUMERATOR) };
constexpr const char* kFaultNames[] = {ZC_FAULTS(ZC_NAME)};

struct BodyNext {
  enum Kind : uint8_t {
    memory,   // `count` vectors are filled
    file,     // a span of a file, which the stream can take: see next_of_file
    held,     // all but the last byte of a file is sent: see confirm
    cold,     // the next bytes may be on the disk: have them paged in (see wanted)
    awaited,  // the next bytes are not made yet (see feed)
    done,
    broken,   // the file is not what was promised (see fault), or the body cannot be made
  };
  Kind kind;
  size_t count = 0;
  bool more = false;   // of memory: the body goes on behind it
  bool waits = false;  // the same, with what is not made yet
  const File* source = nullptr;  // of file
  ByteSpan span = {};
};

/** Does its body leave from the file itself, sent or mapped? A stream that takes no files has it read. */
inline bool needs_file(const Reply& reply) {
  return reply.way == Way::sendfile || (reply.memory && reply.memory->mapped_file());
}

class BodySource {
 public:
  /**
   * `empty`: an answer to HEAD. `takes_files`: the stream sends a file without its bytes passing through here; otherwise
   * they are read, also those of a mapping of the file (touching it would be SIGBUS after a truncation). `holds_last`:
   * the last byte of a file is held back until somebody confirms that the others have arrived.
   */
  void start(Ref<const Reply> reply, bool empty, bool takes_files, bool holds_last);
  /** Drops the reply and the buffers. */
  void clear();
  /** Drops the buffer of a body that may wait for long: what was not sent of it is read again. */
  void drop_window() {
    window_ = {};
    cold_file_ = {};
    if (feed_) feed_->settle();
  }

  /** From the cursor on, at most `room` vectors (> 0) and `size` bytes. `now`: ms, for what is remembered of the page cache. */
  BodyNext next(iovec* to, size_t room, uint64_t size, int64_t now);
  /** After `file`, whose span is all that is left of this one: at most `size` bytes of it that are in the page cache. */
  BodyNext next_of_file(uint64_t size, int64_t now);
  /** They have left. */
  void advance(uint64_t bytes);
  /** After `held`: the others have arrived. The last byte goes once the file has been looked at again. */
  void confirm();
  /** The file cannot be sent by the stream after all: it is read from here on. */
  void refuse();
  /** Sending them has shown that the file is not what was promised. */
  void fail(FileFault fault, int error);

  bool active() const { return static_cast<bool>(reply_); }
  const Reply& reply() const { return *reply_; }
  bool empty() const { return empty_; }
  /** Of a body that is made while it is sent; null of all others. */
  Feed* feed() const { return feed_.get(); }
  /** Is nothing of it left to be sent? */
  bool ended() const;
  uint64_t sent() const { return sent_; }
  /** How it really leaves, after fallbacks, and why. */
  Way way() const;
  Reason reason() const { return refused_ ? Reason::refused : reply_->reason; }
  bool refused() const { return refused_; }
  /** False: what is a file's is read for the stream. */
  bool takes_files() const { return takes_files_; }
  FileFault fault() const { return fault_; }
  int fault_error() const { return fault_error_; }
  /** Whose fault it is; null: no file's. */
  const File* faulty() const { return feed_ ? faulty_.get() : reply_->source(); }
  /** After `cold`: what to page in. */
  PageIn wanted() const;
  /** It is in memory now, or will never be: go on without asking. */
  void set_paged(int64_t now);

 private:
  struct Segment {
    const char* data = nullptr;  // null for a span of the file
    uint64_t size = 0;
    uint64_t file_offset = 0;
    bool exists = false;
    bool mapped = false;  // the data are the file's own pages
    bool reads = false;   // of the file: by windows
    const File* file = nullptr;
  };

  Segment segment(size_t index) const;
  Segment span_segment(ByteSpan span) const;
  Segment piece_segment(const FeedPiece& piece) const;
  uint64_t file_end() const;
  bool probe(const File& file, ByteSpan asked, int64_t now);
  BodyNext load_window(const Segment& part, uint64_t at, uint64_t most, int64_t now);
  void end_piece(const Segment& piece);
  bool feeds() const { return feed_ && !feed_->whole(); }
  BodyNext finish();
  BodyNext broken(FileFault fault, int error, const File* file = nullptr);

  Ref<const Reply> reply_;
  Ref<Window> window_;
  std::unique_ptr<Feed> feed_;
  size_t index_ = 0;     // the cursor: segment, and bytes of it
  uint64_t offset_ = 0;
  uint64_t sent_ = 0;
  ByteSpan probed_;  // in the page cache, or waited for
  ByteSpan cold_;  // of this file, for the window or the page cache
  Ref<const File> cold_file_;
  bool cold_window_ = false;
  bool empty_ = false;
  bool takes_files_ = true;
  bool holds_last_ = false;
  bool reads_ = false;    // by windows, from here on
  bool refused_ = false;  // the kernel would not send this file
  FileFault fault_ = FileFault::none;
  int fault_error_ = 0;
  Ref<const File> faulty_;        // of a feed
  bool piece_changed_ = false;    // one that has left
};

}  // namespace zc
