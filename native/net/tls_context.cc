#include "net/tls_context.h"

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/folded.h"

namespace zc {
namespace {

using Bio = std::unique_ptr<BIO, OpensslFree<BIO_free>>;
using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;

// Seconds that a client may resume after: as long as the ticket's key is kept (see TicketKeys).
constexpr long kSessionSeconds = 24 * 60 * 60;
// A whole record with its head and tag: read in one call, freed while idle.
constexpr size_t kReadBuffer = 16384 + 512;
constexpr std::string_view kHttp2 = "h2", kHttp1 = "http/1.1";

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text ? text : "refused";
}

Bio read_from(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// RFC 6125 §6.4.3: `*` stands for one whole label, the leftmost.
bool has_name(const std::vector<std::string>& names, std::string_view name) {
  const std::string_view parent = name.substr(std::min(name.find('.'), name.size()));
  for (const std::string& each : names) {
    if (same_folded(each, name)) return true;
    const bool is_pattern = each.size() > 2 && each[0] == '*' && each[1] == '.';
    if (is_pattern && parent.size() < name.size() && same_folded(std::string_view(each).substr(1), parent)) return true;
  }
  return false;
}

// A session is resumed without a certificate: it is good for the identity alone that was shown when it began, on whichever
// thread, and also after its certificate was renewed.
bool bind_sessions(SSL_CTX* context, const TlsIdentity& identity) {
  std::vector<std::string> names = identity.names;
  std::sort(names.begin(), names.end());
  std::string whose = std::to_string(identity.host);
  for (const std::string& name : names) whose += '\n' + name;
  constexpr std::string_view kLabel = "zcserve sessions";
  unsigned char id[32];  // of SHA-256, and the most that OpenSSL takes
  return HMAC(EVP_sha256(), kLabel.data(), kLabel.size(), reinterpret_cast<const unsigned char*>(whose.data()),
              whose.size(), id, nullptr) != nullptr &&
         SSL_CTX_set_session_id_context(context, id, sizeof id) == 1;
}

// The first host_name of the extension (RFC 6066 §3), or nothing: OpenSSL judges it later.
std::string_view server_name(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size < 5 || bytes[2] != 0) return {};
  const size_t length = size_t{bytes[3]} << 8 | bytes[4];
  return length <= size - 5 ? std::string_view(reinterpret_cast<const char*>(bytes) + 5, length) : std::string_view();
}

bool offers(std::string_view list, std::string_view protocol) {
  while (!list.empty()) {
    const size_t size = std::min<size_t>(static_cast<unsigned char>(list[0]), list.size() - 1);
    if (list.substr(1, size) == protocol) return true;
    list.remove_prefix(size + 1);
  }
  return false;
}

}  // namespace

Ref<TlsContext> TlsContext::make(const TlsSetup& setup, Ref<TicketKeys> tickets, std::string& error) {
  auto made = make_ref<TlsContext>();
  made->tickets_ = std::move(tickets);
  made->hosts_ = setup.hosts;
  made->http2_ = setup.http2;
  for (const TlsIdentity& identity : setup.identities) {
    if (!made->add(setup, identity, error)) return {};
  }
  if (!made->identities_.empty()) return made;
  error = "no certificate";
  return {};
}

bool TlsContext::add(const TlsSetup& setup, const TlsIdentity& identity, std::string& error) {
  auto added = std::make_unique<Identity>();
  added->host = identity.host;
  added->names = identity.names;
  added->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = added->context.get();
  const auto refuse = [&](const char* what) {
    error = std::string(what) + ": " + reason();
    return false;
  };
  if (!context) return refuse("TLS");
  // Without a cipher there is no TLS 1.2, which OpenSSL takes for a mistake.
  const bool has_tls12 = !setup.ciphers.empty();
  SSL_CTX_set_min_proto_version(context, has_tls12 ? setup.min_version : TLS1_3_VERSION);
  if (has_tls12 && SSL_CTX_set_cipher_list(context, setup.ciphers.c_str()) != 1) return refuse("ciphers");
  if (SSL_CTX_set_ciphersuites(context, setup.suites.c_str()) != 1) return refuse("ciphers");
  if (SSL_CTX_set1_groups_list(context, setup.groups.c_str()) != 1) return refuse("curves");
  // A client that cuts its connection off has sent no request with it: that is the end, not an attack (RFC 8446 §6.1).
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (!bind_sessions(context, identity)) return refuse("sessions");
  SSL_CTX_set_timeout(context, kSessionSeconds);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadBuffer);
  SSL_CTX_set_ex_data(context, 0, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_client_hello_cb(context, on_hello, this);
  SSL_CTX_set_tlsext_servername_callback(context, on_name);
  SSL_CTX_set_alpn_select_cb(context, on_protocols, this);
  SSL_CTX_set_tlsext_status_cb(context, on_staple);
  SSL_CTX_set_tlsext_status_arg(context, added.get());
  SSL_CTX_set_keylog_callback(context, on_secret);
  for (const TlsPair& pair : identity.pairs) {
    if (!use(*added, pair, error)) return false;
  }
  identities_.push_back(std::move(added));
  return true;
}

bool TlsContext::use(Identity& to, const TlsPair& pair, std::string& error) {
  SSL_CTX* const context = to.context.get();
  const auto refuse = [&](const char* what) {
    error = std::string(what) + ": " + reason();
    return false;
  };
  const Bio certificates = read_from(pair.certificate), keys = read_from(pair.key);
  const Certificate leaf(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return refuse("certificate");
  while (Certificate issuer{PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, issuer.get()) != 1) return refuse("certificate chain");
    issuer.release();
  }
  // The end of the file is the reason why the chain has ended.
  ERR_clear_error();
  // Of an encrypted key nobody is there to type the passphrase.
  const Key key(PEM_read_bio_PrivateKey(keys.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return refuse("key");
  if (SSL_CTX_check_private_key(context) != 1) return refuse("key");
  if (!pair.staple.empty()) to.staples.push_back({leaf.get(), pair.staple});
  return true;
}

SSL* TlsContext::open(TlsSecret& secret) const {
  SSL* const ssl = SSL_new(identities_.front()->context.get());
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl);
  SSL_set_ex_data(ssl, 0, &secret);
  return ssl;
}

bool TlsContext::covers(const SSL* ssl, std::string_view name) const {
  const SSL_CTX* const used = SSL_get_SSL_CTX(ssl);
  for (const auto& identity : identities_) {
    if (identity->context.get() == used) return has_name(identity->names, name);
  }
  return false;
}

// An unknown name gets the first certificate, which a client that knows better refuses (RFC 6066 §3).
const TlsContext::Identity& TlsContext::find(std::string_view name) const {
  if (const Identity* of_host = find(hosts_.find(name), name)) return *of_host;
  const Identity* const found = find(0, name);
  return found ? *found : *identities_.front();
}

// Of those of a host, the one for this name, else the first; null where it has none.
const TlsContext::Identity* TlsContext::find(uint32_t host, std::string_view name) const {
  const Identity* first = nullptr;
  for (const auto& identity : identities_) {
    if (identity->host != host) continue;
    if (has_name(identity->names, name)) return identity.get();
    if (!first) first = identity.get();
  }
  return first;
}

// Before a session is looked for: whether it may be resumed goes by who is asked for.
int TlsContext::on_hello(SSL* ssl, int*, void* self) {
  const std::string_view name = server_name(ssl);
  if (!name.empty()) SSL_set_SSL_CTX(ssl, static_cast<TlsContext*>(self)->find(name).context.get());
  return SSL_CLIENT_HELLO_SUCCESS;
}

int TlsContext::on_name(SSL* ssl, int*, void*) {
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// RFC 7301 §3.2: the server's preference; without a protocol in common the handshake ends.
int TlsContext::on_protocols(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned int offered_size, void* self) {
  const std::string_view list(reinterpret_cast<const char*>(offered), offered_size);
  for (const std::string_view protocol : {kHttp2, kHttp1}) {
    if (protocol == kHttp2 && !static_cast<TlsContext*>(self)->http2_) continue;
    if (!offers(list, protocol)) continue;
    *chosen = reinterpret_cast<const unsigned char*>(protocol.data());
    *size = static_cast<unsigned char>(protocol.size());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// RFC 5077 §4; 0: this ticket is not taken and the handshake a full one, 2: a new one is to be sent.
int TlsContext::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                          int encrypts) {
  const auto* self = static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0));
  const int64_t now = monotonic_ms();
  std::optional<TicketKeys::Found> found = encrypts ? self->tickets_->newest(now) : self->tickets_->find(name, now);
  if (!found) return 0;
  TicketKey& key = found->key;
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac, sizeof key.mac),
                                   OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
  if (encrypts) {
    memcpy(name, key.name, sizeof key.name);
    if (RAND_bytes(iv, 16) != 1) return -1;
    return EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher, iv) == 1 ? 1 : -1;
  }
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher, iv) != 1) return -1;
  // A ticket of TLS 1.3 is for one use, or observers could tell its connections as one client's (RFC 8446 §C.4).
  return SSL_version(ssl) >= TLS1_3_VERSION || !found->is_newest ? 2 : 1;
}

int TlsContext::on_staple(SSL* ssl, void* identity) {
  const X509* used = SSL_get_certificate(ssl);
  for (const Staple& staple : static_cast<Identity*>(identity)->staples) {
    if (staple.certificate != used) continue;
    // OpenSSL frees it with the connection.
    void* copy = OPENSSL_malloc(staple.response.size());
    if (!copy) break;
    memcpy(copy, staple.response.data(), staple.response.size());
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple.response.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// "SERVER_TRAFFIC_SECRET_0 <client random> <secret>", in hexadecimal: the one way in which OpenSSL gives it away.
void TlsContext::on_secret(const SSL* ssl, const char* line) {
  constexpr std::string_view kLabel = "SERVER_TRAFFIC_SECRET_0 ";
  const std::string_view text(line);
  auto* secret = static_cast<TlsSecret*>(SSL_get_ex_data(ssl, 0));
  const std::string_view hex = text.substr(text.rfind(' ') + 1);
  if (text.substr(0, kLabel.size()) != kLabel || hex.size() > 2 * sizeof secret->bytes) return;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    secret->bytes[i / 2] = static_cast<unsigned char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  secret->size = hex.size() / 2;
}

}  // namespace zc
