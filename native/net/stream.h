// The bytes of one client, whatever carries them. Nobody above sees a descriptor, and nothing here waits.
#pragma once
#include <sys/socket.h>
#include <sys/uio.h>

#include <optional>
#include <string_view>

#include "base/io.h"
#include "files/file.h"

namespace zc {

/** What epoll(7) said of a stream's descriptor. */
struct StreamEvents {
  bool readable = false;
  bool writable = false;
  bool ended = false;  // the peer sends no more (EPOLLRDHUP)
  bool broken = false;
};

class Stream {
 public:
  /** The event with which a call that has said `again` goes on. */
  enum class Await : uint8_t { readable, writable };

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /** Bytes that the peer sent. `closed` without an error: it sends no more. */
  virtual Io receive(char* to, size_t size) = 0;
  /** May there be more at once, when receive() was asked for `size` and gave `last`? */
  virtual bool may_hold_more(const Io& last, size_t size) const = 0;
  virtual Await receive_awaits() const = 0;

  /**
   * Sends what it takes of the parts. `more`: something follows at once, this may wait for it. After `again` the same
   * bytes come next, wherever they lie then.
   */
  virtual Io send_vector(const iovec* parts, size_t count, bool more) = 0;
  /** Can it send a file without its bytes passing through here? Otherwise whoever sends reads them. */
  virtual bool takes_files() const = 0;
  /** Only where it takes files: `refused` is about this file. */
  virtual Io send_file(const File& file, uint64_t offset, size_t size) = 0;
  virtual Await send_awaits() const = 0;
  /** Lets go of what `more` has kept back. */
  virtual Io flush() = 0;
  /** Bytes sent that the peer's system has not yet confirmed; none when it is gone. */
  virtual std::optional<size_t> unacknowledged() const = 0;
  /** It is closed next, in the midst of an answer: the peer must not take what it has for all of it. */
  virtual void cut() = 0;
  /** Nothing more will be sent; the peer may still send. */
  virtual void end_output() = 0;

  /** Its events come from this epoll(7) instance with the tag, edge-triggered. False: there is no room. */
  virtual bool watch(int epoll, uint64_t tag) = 0;
  /** May requests for this authority come here? Not where the peer was shown that somebody else would answer. */
  virtual bool serves(std::string_view) const { return true; }
  /** The version of TLS around its bytes, such as "TLSv1.3"; empty without. */
  virtual std::string_view tls() const { return {}; }
  /** Who is at the other end; of family AF_UNSPEC where that is not known. */
  virtual const sockaddr_storage& peer() const = 0;
};

inline bool happened(const StreamEvents& events, Stream::Await what) {
  return what == Stream::Await::readable ? events.readable || events.ended : events.writable;
}

}  // namespace zc
