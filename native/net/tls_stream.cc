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

}  // namespace

std::unique_ptr<TlsStream> TlsStream::make(UniqueFd socket, const sockaddr_storage& peer, Ref<const TlsContext> context,
                                           TlsScratch& scratch) {
  SSL* const ssl = context->open();
  BIO* const bio = ssl ? BIO_new(transport()) : nullptr;
  if (!bio) {
    if (ssl) SSL_free(ssl);
    return {};
  }
  std::unique_ptr<TlsStream> stream(
      new TlsStream(std::make_unique<SocketStream>(std::move(socket), peer), std::move(context), scratch, ssl));
  BIO_set_data(bio, stream.get());
  SSL_set_bio(ssl, bio, bio);
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
  const size_t end = authority.find(']');
  const std::string_view name = authority.substr(0, authority.find(':', end == authority.npos ? 0 : end));
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
  const size_t taken = encrypt(parts, count);
  const Io pushed = push(more);
  if (pushed.result == Io::again) owed_ = taken;
  if (pushed.result != Io::moved) return pushed;
  return taken > 0 ? Io{Io::moved, 0, taken} : Io{Io::closed, EPROTO, 0};
}

// The head and the beginning of the body share a record; what follows goes from where it lies.
size_t TlsStream::encrypt(const iovec* parts, size_t count) {
  size_t taken = 0, part = 0, offset = 0;
  while (part < count && scratch_.used + TlsScratch::kRecordSize <= batch_) {
    const char* from = static_cast<const char*>(parts[part].iov_base) + offset;
    size_t size = std::min(parts[part].iov_len - offset, TlsScratch::kRecord);
    if (size < TlsScratch::kRecord && part + 1 < count) {
      size = 0;
      size_t at = offset;
      for (size_t i = part; i < count && size < TlsScratch::kRecord; ++i, at = 0) {
        const size_t piece = std::min(parts[i].iov_len - at, TlsScratch::kRecord - size);
        memcpy(scratch_.gathered.get() + size, static_cast<const char*>(parts[i].iov_base) + at, piece);
        size += piece;
      }
      from = scratch_.gathered.get();
    }
    size_t written = 0;
    ERR_clear_error();
    if (size > 0 && result_of(SSL_write_ex(ssl_.get(), from, size, &written)).result != Io::moved) break;
    taken += written;
    offset += written;
    while (part < count && offset >= parts[part].iov_len) offset -= parts[part++].iov_len;
    if (written < size) break;
  }
  return taken;
}

Io TlsStream::send_file(const File&, uint64_t, size_t) { return {Io::refused, 0, 0}; }

Io TlsStream::flush() {
  const Io io = push_waiting(false);
  return io.result == Io::moved ? socket_->flush() : io;
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
  TlsScratch& scratch = self->scratch_;
  const size_t bytes = static_cast<size_t>(size);
  BIO_clear_retry_flags(bio);
  if (self->waiting_.empty() && bytes <= TlsScratch::kSize - scratch.used) {
    memcpy(scratch.records.get() + scratch.used, from, bytes);
    scratch.used += bytes;
    return size;
  }
  // In order, behind what waits already.
  if (!self->waiting_.empty() && self->waiting_.size() + bytes <= TlsScratch::kSize + kMaxUnasked) {
    self->waiting_.append(from, bytes);
    return size;
  }
  BIO_set_retry_write(bio);
  return -1;
}

long TlsStream::control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace zc
