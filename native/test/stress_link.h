// How the bytes of the stress program's clients travel: as they are, or by OpenSSL.
#pragma once
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>

#include "base/unique_fd.h"
#include "net/openssl.h"
#include "test/random.h"

namespace zc::stress {

/** One client's connection. Its calls wait. */
class Link {
 public:
  explicit Link(UniqueFd socket) : socket_(std::move(socket)) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;

  /** False: the server has gone. */
  virtual bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  /** 0: no more comes. */
  virtual size_t read(char* to, size_t size) {
    const ssize_t n = recv(socket_.get(), to, size, 0);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  /** Says that nothing more comes. */
  virtual void end_output() { shutdown(socket_.get(), SHUT_WR); }
  /** What the server is asked for besides: new keys. */
  virtual void trouble() {}
  /** The end will be a reset, whatever is under way. */
  void vanish() {
    const linger reset{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }

 protected:
  UniqueFd socket_;
};

/** Null where nobody listens. */
inline UniqueFd connect_to(int port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) socket.reset();
  return socket;
}

using Ssl = std::unique_ptr<SSL, OpensslFree<SSL_free>>;

class TlsLink final : public Link {
 public:
  TlsLink(UniqueFd socket, Ssl ssl) : Link(std::move(socket)), ssl_(std::move(ssl)) {}

  bool write_all(std::string_view bytes) override {
    return bytes.empty() || SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  size_t read(char* to, size_t size) override {
    const int n = SSL_read(ssl_.get(), to, static_cast<int>(size));
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  void end_output() override { SSL_shutdown(ssl_.get()); }
  /** RFC 8446 §4.6.3: with the next record that is written. */
  void trouble() override {
    if (SSL_version(ssl_.get()) == TLS1_3_VERSION) SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  }
  bool speaks_http2() const {
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    return size == 2;
  }

 private:
  const Ssl ssl_;
};

/** The TLS of one thread's clients, who share what a browser keeps: the sessions that they go on with. */
class TlsCaller {
 public:
  TlsCaller() : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      auto* self = static_cast<TlsCaller*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->kept_[SSL_version(ssl) == TLS1_3_VERSION].reset(session);
      return 1;
    });
  }

  /** Null: there is no connection, as the client would not have it, or as the server has gone. */
  std::unique_ptr<TlsLink> call(UniqueFd socket, Random& random) {
    Ssl ssl(SSL_new(context_.get()));
    const bool newest = !random.one_in(3);
    if (!newest) SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION);
    if (!random.one_in(4)) SSL_set_tlsext_host_name(ssl.get(), "localhost");
    if (random.one_in(2)) SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
    // To whom OpenSSL makes the records: see TlsStream::take_over.
    if (random.one_in(8)) SSL_set_options(ssl.get(), SSL_OP_NO_TICKET);
    if (random.one_in(8)) SSL_set_tlsext_max_fragment_length(ssl.get(), TLSEXT_max_fragment_length_1024);
    if (random.one_in(2)) SSL_set_alpn_protos(ssl.get(), kProtocols, sizeof kProtocols - 1);
    if (kept_[newest] && random.one_in(2)) SSL_set_session(ssl.get(), kept_[newest].get());
    // Nothing is trusted here: whoever looks ends the handshake with an alert.
    SSL_set_verify(ssl.get(), random.one_in(20) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    SSL_set_fd(ssl.get(), socket.get());
    if (random.one_in(20)) {
      leave_early(ssl.get(), socket.get(), random);
      return {};
    }
    if (SSL_connect(ssl.get()) != 1) return {};
    return std::make_unique<TlsLink>(std::move(socket), std::move(ssl));
  }

 private:
  static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";

  /** With the first message on its way, or with a piece of it. */
  static void leave_early(SSL* ssl, int socket, Random& random) {
    if (random.one_in(2)) {
      fcntl(socket, F_SETFL, O_NONBLOCK);
      SSL_connect(ssl);
    } else {
      send(socket, "\x16\x03\x01\x02\x00\x01", 1 + random.below(6), MSG_NOSIGNAL);
    }
    if (random.one_in(2)) shutdown(socket, SHUT_WR);
  }

  using Session = std::unique_ptr<SSL_SESSION, OpensslFree<SSL_SESSION_free>>;
  const std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context_;
  Session kept_[2];  // of TLS 1.2, of TLS 1.3
};

}  // namespace zc::stress
