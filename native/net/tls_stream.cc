#include "net/tls_stream.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/folded.h"

namespace zc {
namespace {

// What OpenSSL answers by itself (alerts, new keys) while the client takes nothing; beyond that it has to wait.
constexpr size_t kMaxUnasked = 16 << 10;
constexpr size_t kLeastBatch = 2 * TlsScratch::kRecordSize;
// RFC 8446 §4.6.3: type, length, and whether an answer is wanted.
constexpr std::string_view kKeyUpdate("\x18\0\0\x01\0", 5), kKeyUpdateRequested("\x18\0\0\x01\x01", 5);

}  // namespace

std::unique_ptr<TlsStream> TlsStream::make(std::unique_ptr<SocketStream> socket, Ref<const TlsContext> context,
                                           TlsScratch& scratch) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(socket), std::move(context), scratch));
  SSL* const ssl = stream->ssl_.get();
  BIO* const bio = ssl ? BIO_new(transport()) : nullptr;
  if (!bio) return {};
  BIO_set_data(bio, stream.get());
  SSL_set_bio(ssl, bio, bio);
  SSL_set_msg_callback(ssl, on_message);
  SSL_set_msg_callback_arg(ssl, stream.get());
  return stream;
}

TlsStream::~TlsStream() {
  if (socket_) say_goodbye();
}

Io TlsStream::handshake() {
  const Io waited = push_waiting(false);
  if (waited.result != Io::moved) return waited;
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  const Io io = result_of(returned);
  // A record begins with a number below 25 (RFC 8446 §5.1), a method with a letter. It would take an alert for junk.
  if (io.result == Io::closed && isalpha(first_byte_)) {
    met_plain_http_ = true;
    scratch_.used = 0;
    return io;
  }
  if (io.result == Io::moved) take_over();
  const Io pushed = push(false);
  if (io.result != Io::moved || pushed.result == Io::closed) return io.result == Io::moved ? pushed : io;
  established_ = true;
  return io;
}

std::unique_ptr<SocketStream> TlsStream::strip() { return std::move(socket_); }

bool TlsStream::speaks_http2() const {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  return std::string_view(reinterpret_cast<const char*>(protocol), size) == "h2";
}

bool TlsStream::is_resumed() const { return SSL_session_reused(ssl_.get()) != 0; }

int TlsStream::version() const { return SSL_version(ssl_.get()); }

bool TlsStream::serves(std::string_view authority) const {
  const char* const asked = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  const std::string_view name = host_of(authority);
  return !asked || same_folded(name, asked) || context_->covers(ssl_.get(), name);
}

Io TlsStream::receive(char* to, size_t size) {
  push_waiting(false);
  ERR_clear_error();
  size_t bytes = 0;
  Io io = result_of(SSL_read_ex(ssl_.get(), to, size, &bytes));
  io.bytes = bytes;
  if (push(false).result == Io::closed && io.result == Io::again) return {Io::closed, ECONNRESET, 0};
  return io;
}

bool TlsStream::may_hold_more(const Io& last, size_t) const {
  return last.result == Io::moved && (!drained_ || SSL_has_pending(ssl_.get()) != 0);
}

// Records cannot be taken back. Where the socket takes not all of them, the caller's bytes count as not sent, and the
// next call, which brings them again, finds them under way.
Io TlsStream::send_vector(const iovec* parts, size_t count, bool more) {
  const Io waited = push_waiting(more);
  if (waited.result != Io::moved) return waited;
  if (owed_ > 0) return {Io::moved, 0, std::exchange(owed_, 0)};
  const size_t taken = sealer_ ? seal({parts, count}) : write({parts, count});
  const Io pushed = push(more);
  if (pushed.result == Io::again) owed_ = taken;
  if (pushed.result != Io::moved) return pushed;
  return taken > 0 ? Io{Io::moved, 0, taken} : Io{Io::closed, EPROTO, 0};
}

// From here on the records are our own: straight from where the plaintext lies, where OpenSSL copies it twice. Only if the
// ticket that it has just sent is byte for byte what we would have sent: then key, number and form are the same. (A client
// that takes no tickets, or wants smaller records than others, RFC 6066 §4, is left to it.)
void TlsStream::take_over() {
  const std::string_view made(scratch_.records.get(), scratch_.used);
  const std::string ticket = std::exchange(ticket_, {});
  const bool proven = !ticket.empty() && made.size() >= ticket.size() && made.substr(made.size() - ticket.size()) == ticket;
  if (!proven || SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl_.get())) != TLSEXT_max_fragment_length_DISABLED) {
    sealer_ = nullptr;
  }
  secret_.forget();
}

// What OpenSSL says, in the clear: to the client, and (`sent` is 0) by it.
void TlsStream::on_message(int sent, int, int type, const void* content, size_t size, SSL* ssl, void* stream) {
  auto* self = static_cast<TlsStream*>(stream);
  const std::string_view message(static_cast<const char*>(content), size);
  if (!self->established_) {
    // The first record under the secret, and so the first of a sealer.
    if (!sent || type != SSL3_RT_HANDSHAKE || message[0] != SSL3_MT_NEWSESSION_TICKET || self->secret_.size == 0) return;
    if (size > TlsSealer::kContent) return;
    self->sealer_ = TlsSealer::make(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)), self->secret_);
    self->ticket_.resize(size + TlsSealer::kOverhead);
    if (self->sealer_ && self->sealer_->seal(TlsSealer::Type::handshake, message, self->ticket_.data()) == 0) self->ticket_ = {};
    return;
  }
  if (!self->sealer_) return;
  if (sent && type == SSL3_RT_ALERT) self->put(TlsSealer::Type::alert, message);
  // §4.6.3: asked for, and answered before the next bytes go out.
  if (!sent && type == SSL3_RT_HANDSHAKE && message == kKeyUpdateRequested) self->owes_key_update_ = true;
}

void TlsStream::put(TlsSealer::Type type, std::string_view content) {
  char record[TlsSealer::kOverhead + 16];
  const size_t size = sealer_->seal(type, content, record);
  broken_ = broken_ || size == 0 || !append(record, size);
}

void TlsStream::renew_keys() {
  owes_key_update_ = false;
  put(TlsSealer::Type::handshake, kKeyUpdate);
  broken_ = broken_ || !sealer_->update();
}

size_t TlsStream::seal(Plaintext from) {
  while (!from.ended() && scratch_.used + TlsScratch::kRecordSize <= batch_) {
    if (owes_key_update_ || sealer_->is_worn()) renew_keys();
    const size_t size =
        broken_ ? 0 : sealer_->seal(TlsSealer::Type::application_data, from, scratch_.records.get() + scratch_.used);
    scratch_.used += size;
    if (size > 0) continue;
    broken_ = true;
    return 0;
  }
  return from.taken;
}

// The head and the beginning of the body share a record; what follows goes from where it lies.
size_t TlsStream::write(Plaintext from) {
  size_t taken = 0;
  while (!from.ended() && scratch_.used + TlsScratch::kRecordSize <= batch_) {
    iovec content = from.take(TlsScratch::kContent);
    if (content.iov_len < TlsScratch::kContent && !from.ended()) {
      char* const gathered = scratch_.gathered.get();
      size_t size = 0;
      for (iovec piece = content;; piece = from.take(TlsScratch::kContent - size)) {
        memcpy(gathered + size, piece.iov_base, piece.iov_len);
        size += piece.iov_len;
        if (size == TlsScratch::kContent || from.ended()) break;
      }
      content = {gathered, size};
    }
    size_t written = 0;
    ERR_clear_error();
    if (result_of(SSL_write_ex(ssl_.get(), content.iov_base, content.iov_len, &written)).result != Io::moved) break;
    taken += written;
    if (written < content.iov_len) break;
  }
  return taken;
}

Io TlsStream::send_file(const File&, uint64_t, size_t) { return {Io::refused, 0, 0}; }

Io TlsStream::flush() {
  const Io io = push_waiting(false);
  return io.result == Io::moved ? socket_->flush() : io;
}

// RFC 8446 §6.1: what has no close_notify behind it is not all.
void TlsStream::cut() {
  said_goodbye_ = true;
  socket_->cut();
}

void TlsStream::end_output() {
  say_goodbye();
  socket_->end_output();
}

void TlsStream::say_goodbye() {
  if (!established_ || broken_ || std::exchange(said_goodbye_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  push(false);
}

Io TlsStream::push(bool more) {
  const std::string_view made(scratch_.records.get(), std::exchange(scratch_.used, 0));
  if (made.empty()) return {waiting_.empty() ? Io::moved : Io::again, 0, 0};
  // Nothing was made while something waited: see write_bytes.
  size_t sent = 0;
  const Io io = send_from(made, sent, more);
  // A slow client gets less at a time: what it does not take is kept for it.
  if (io.result == Io::moved) batch_ = std::min(batch_ * 2, TlsScratch::kSize);
  if (io.result != Io::again) return io;
  batch_ = std::max(batch_ / 2, kLeastBatch);
  waiting_.assign(made.substr(sent));
  waiting_sent_ = 0;
  return io;
}

Io TlsStream::push_waiting(bool more) {
  if (waiting_.empty()) return {Io::moved, 0, 0};
  const Io io = send_from(waiting_, waiting_sent_, more);
  if (io.result != Io::moved) return io;
  waiting_ = {};
  waiting_sent_ = 0;
  return io;
}

// Moved: all of it, from `at` on.
Io TlsStream::send_from(std::string_view bytes, size_t& at, bool more) {
  while (at < bytes.size()) {
    const iovec rest{const_cast<char*>(bytes.data()) + at, bytes.size() - at};
    const Io io = socket_->send_vector(&rest, 1, more);
    if (io.result != Io::moved) {
      broken_ = broken_ || io.result != Io::again;
      return io;
    }
    at += io.bytes;
  }
  return {Io::moved, 0, at};
}

Io TlsStream::result_of(int returned) {
  reads_blocked_ = false;
  if (returned == 1) return {Io::moved, 0, 0};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return {Io::again, 0, 0};
    case SSL_ERROR_WANT_WRITE:
      reads_blocked_ = true;
      return {Io::again, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::closed, 0, 0};
    default:
      broken_ = true;
      return {Io::closed, EPROTO, 0};
  }
}

// One method for all connections, never freed: it is of the process.
BIO_METHOD* TlsStream::transport() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "zcserve");
    BIO_meth_set_read(made, read_bytes);
    BIO_meth_set_write(made, write_bytes);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return method;
}

int TlsStream::read_bytes(BIO* bio, char* to, int size) {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const Io io = self->socket_->receive(to, static_cast<size_t>(size));
  self->drained_ = !self->socket_->may_hold_more(io, static_cast<size_t>(size));
  if (io.result == Io::moved) {
    if (self->first_byte_ == 0) self->first_byte_ = static_cast<unsigned char>(*to);
    return static_cast<int>(io.bytes);
  }
  if (io.result == Io::again) BIO_set_retry_read(bio);
  return io.result == Io::closed && io.error == 0 ? 0 : -1;
}

int TlsStream::write_bytes(BIO* bio, const char* from, int size) {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  // What it says is sent as a record of ours: see on_message.
  if (self->established_ && self->sealer_) return size;
  if (self->append(from, static_cast<size_t>(size))) return size;
  BIO_set_retry_write(bio);
  return -1;
}

// In order, behind what waits already.
bool TlsStream::append(const char* records, size_t size) {
  if (waiting_.empty()) {
    if (size > TlsScratch::kSize - scratch_.used) return false;
    memcpy(scratch_.records.get() + scratch_.used, records, size);
    scratch_.used += size;
    return true;
  }
  if (waiting_.size() + size > TlsScratch::kSize + kMaxUnasked) return false;
  waiting_.append(records, size);
  return true;
}

long TlsStream::control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace zc
