// A client behind TLS. Records go out a batch at a time, straight from where the answer lies.
#pragma once
#include <memory>
#include <string>

#include "net/socket_stream.h"
#include "net/tls_context.h"
#include "net/tls_sealer.h"

namespace zc {

/** Where one thread's records are made, whichever connection they are of: empty between two calls. */
struct TlsScratch {
  static constexpr size_t kContent = TlsSealer::kContent;
  static constexpr size_t kRecordSize = 5 + kContent + 256;  // TLS 1.2's may grow most (RFC 8446 §5.2)
  static constexpr size_t kSize = 10 * kRecordSize;  // of one send: much less and the system calls cost more than they carry

  const std::unique_ptr<char[]> records{new char[kSize]};
  size_t used = 0;
  const std::unique_ptr<char[]> gathered{new char[kContent]};
};

class TlsStream final : public Stream {
 public:
  /** Null without memory. */
  static std::unique_ptr<TlsStream> make(std::unique_ptr<SocketStream> socket, Ref<const TlsContext> context,
                                         TlsScratch& scratch);
  /** Says goodbye (close_notify), if the client still hears it. */
  ~TlsStream() override;

  /** Goes on with the handshake, which comes before all else: `moved` when it is done. */
  Io handshake();
  /** After a handshake that failed: was it plain HTTP? The client has then been sent nothing yet. */
  bool met_plain_http() const { return met_plain_http_; }
  /** The connection without TLS; this one is of no use any more. */
  std::unique_ptr<SocketStream> strip();
  /** Has the client chosen HTTP/2 (RFC 9113 §3.2)? */
  bool speaks_http2() const;
  bool is_resumed() const;
  /** Are the records that it sends made here, not by OpenSSL? */
  bool seals() const { return sealer_ != nullptr; }
  /** TLS1_2_VERSION or TLS1_3_VERSION. */
  int version() const;

  std::string_view tls() const override { return version() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"; }
  /** The name that the client has asked for, or another one of its certificate (RFC 9113 §9.1.1); any if it named none. */
  bool serves(std::string_view authority) const override;

  Io receive(char* to, size_t size) override;
  bool may_hold_more(const Io& last, size_t size) const override;
  Await receive_awaits() const override { return reads_blocked_ || !waiting_.empty() ? Await::writable : Await::readable; }
  Io send_vector(const iovec* parts, size_t count, bool more) override;
  bool takes_files() const override { return false; }
  Io send_file(const File& file, uint64_t offset, size_t size) override;
  Await send_awaits() const override { return Await::writable; }
  Io flush() override;
  std::optional<size_t> unacknowledged() const override { return socket_->unacknowledged(); }
  void cut() override;
  void end_output() override;
  bool watch(int epoll, uint64_t tag) override { return socket_->watch(epoll, tag); }
  const sockaddr_storage& peer() const override { return socket_->peer(); }

 private:
  TlsStream(std::unique_ptr<SocketStream> socket, Ref<const TlsContext> context, TlsScratch& scratch)
      : socket_(std::move(socket)), context_(std::move(context)), scratch_(scratch), ssl_(context_->open(secret_)) {}

  /** The records that were made leave, or wait for room. */
  Io push(bool more);
  /** What has waited leaves. */
  Io push_waiting(bool more);
  Io send_from(std::string_view bytes, size_t& at, bool more);
  Io result_of(int returned);
  /** The number of bytes that are in records now. */
  size_t seal(Plaintext from);
  size_t write(Plaintext from);
  void take_over();
  void put(TlsSealer::Type type, std::string_view content);
  void renew_keys();
  bool append(const char* records, size_t size);
  void say_goodbye();

  static BIO_METHOD* transport();
  static int read_bytes(BIO* bio, char* to, int size);
  static int write_bytes(BIO* bio, const char* from, int size);
  static long control(BIO* bio, int command, long, void*);
  static void on_message(int sent, int version, int type, const void* content, size_t size, SSL* ssl, void* self);

  std::unique_ptr<SocketStream> socket_;
  const Ref<const TlsContext> context_;
  TlsScratch& scratch_;
  TlsSecret secret_;
  const std::unique_ptr<SSL, OpensslFree<SSL_free>> ssl_;
  std::unique_ptr<TlsSealer> sealer_;
  std::string ticket_;      // as our own record
  std::string waiting_;     // records that the socket has not taken
  size_t waiting_sent_ = 0;
  size_t owed_ = 0;         // bytes of the caller's that are in them
  size_t batch_ = TlsScratch::kSize;  // bytes of records that one call makes
  unsigned char first_byte_ = 0;      // that the client sent
  bool drained_ = false;    // the socket's last read was short
  bool reads_blocked_ = false;
  bool broken_ = false;     // OpenSSL has given the connection up: SSL_shutdown(3) must not be called
  bool established_ = false;
  bool owes_key_update_ = false;
  bool said_goodbye_ = false;
  bool met_plain_http_ = false;
};

}  // namespace zc
