// What TLS connections of one thread have in common: certificates by name, versions, ciphers, tickets. RFC 8446, RFC 5246.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/host_names.h"
#include "net/openssl.h"
#include "net/ticket_keys.h"
#include "net/tls_sealer.h"

namespace zc {

/** A certificate and its key, in PEM; the chain follows the certificate. */
struct TlsPair {
  std::string certificate, key;
  std::string staple;  // an OCSP response in DER, or empty (RFC 6066 §8)
};

/** Pairs of different key types (RSA, ECDSA) for the same names. */
struct TlsIdentity {
  std::vector<std::string> names;  // in lower case; "*.example.com" is any one label before it
  std::vector<TlsPair> pairs;
  uint32_t host = 0;  // whose it is, by its number in `TlsSetup::hosts`
};

struct TlsSetup {
  std::vector<TlsIdentity> identities;  // of each host together; the first is for clients that name none of them
  HostNames hosts;                      // those that have none are served by those of 0
  int min_version = TLS1_2_VERSION;
  std::string ciphers;  // of TLS 1.2, as openssl-ciphers(1) has them
  std::string suites;   // of TLS 1.3
  std::string groups;   // key exchange
  bool http2 = false;
};

class TlsContext : public RefCounted {
 public:
  /** Null where OpenSSL refuses something; `error` says what and why. */
  static Ref<TlsContext> make(const TlsSetup& setup, Ref<TicketKeys> tickets, std::string& error);

  /** Is the name one of the certificate that this connection was shown? */
  bool covers(const SSL* ssl, std::string_view name) const;
  /** A connection that waits for a client, or null without memory. `secret` becomes the one that it sends under in TLS 1.3. */
  SSL* open(TlsSecret& secret) const;

 private:
  struct Staple {
    X509* certificate;
    std::string response;
  };
  struct Identity {
    uint32_t host;
    std::vector<std::string> names;
    std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context;
    std::vector<Staple> staples;
  };

  bool add(const TlsSetup& setup, const TlsIdentity& identity, std::string& error);
  bool use(Identity& to, const TlsPair& pair, std::string& error);
  const Identity& find(std::string_view name) const;
  const Identity* find(uint32_t host, std::string_view name) const;

  static int on_hello(SSL* ssl, int*, void* self);
  static int on_name(SSL* ssl, int*, void*);
  static int on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                          unsigned int offered_size, void* self);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypts);
  static int on_staple(SSL* ssl, void* identity);
  static void on_secret(const SSL* ssl, const char* line);

  // Not moved once made: OpenSSL keeps their addresses.
  std::vector<std::unique_ptr<Identity>> identities_;
  HostNames hosts_;
  Ref<TicketKeys> tickets_;
  bool http2_ = false;
};

}  // namespace zc
