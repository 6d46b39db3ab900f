// A connection by TCP or a Unix socket as it is: what is sent are the bytes on the wire.
#pragma once
#include "base/unique_fd.h"
#include "net/stream.h"

namespace zc {

class SocketStream : public Stream {
 public:
  SocketStream(UniqueFd socket, const sockaddr_storage& peer) : socket_(std::move(socket)), peer_(peer) {}

  /** What comes next, which is received again. */
  Io peek(char* to, size_t size);
  /** Somebody who may has said who it is. */
  void set_peer(const sockaddr_storage& peer) { peer_ = peer; }

  Io receive(char* to, size_t size) override;
  /** A short read has emptied the socket (epoll(7)). */
  bool may_hold_more(const Io& last, size_t size) const override {
    return last.result == Io::moved && last.bytes == size;
  }
  Await receive_awaits() const override { return Await::readable; }
  Io send_vector(const iovec* parts, size_t count, bool more) override;
  bool takes_files() const override { return true; }
  Io send_file(const File& file, uint64_t offset, size_t size) override;
  Await send_awaits() const override { return Await::writable; }
  Io flush() override;
  std::optional<size_t> unacknowledged() const override;
  void cut() override;
  void end_output() override;
  bool watch(int epoll, uint64_t tag) override;
  const sockaddr_storage& peer() const override { return peer_; }

 protected:
  int fd() const { return socket_.get(); }

 private:
  Io receive(char* to, size_t size, int flags);

  const UniqueFd socket_;
  sockaddr_storage peer_;
};

/** A duplicate of a socket that somebody else reads, and closes: it is only written to. */
class BorrowedSocket final : public SocketStream {
 public:
  explicit BorrowedSocket(UniqueFd duplicate) : SocketStream(std::move(duplicate), {}) {}
  /** Closing the duplicate would leave it in the epoll set while the socket lives on in its owner. */
  ~BorrowedSocket() override;

  bool watch(int epoll, uint64_t tag) override;

 private:
  int epoll_ = -1;
};

}  // namespace zc
