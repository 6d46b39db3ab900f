#include "net/tls_sealer.h"

#include <algorithm>
#include <cstring>

namespace zc {
namespace {

constexpr size_t kTag = 16;
constexpr size_t kHeader = 5;
// Smaller pieces are copied together first: a call of the cipher costs as much as that.
constexpr size_t kWorthACall = 1024;

}  // namespace

const TlsSealer::Suite TlsSealer::kSuites[] = {  // RFC 8446 §B.4
    {0x1301, EVP_aes_128_gcm, EVP_sha256, 16},
    {0x1302, EVP_aes_256_gcm, EVP_sha384, 32},
    {0x1303, EVP_chacha20_poly1305, EVP_sha256, 32},
};

void TlsSecret::forget() {
  OPENSSL_cleanse(bytes, sizeof bytes);
  size = 0;
}

bool Plaintext::ended() {
  while (count > 0 && offset == parts->iov_len) ++parts, --count, offset = 0;
  return count == 0;
}

iovec Plaintext::take(size_t most) {
  const iovec piece{static_cast<char*>(parts->iov_base) + offset, std::min(parts->iov_len - offset, most)};
  offset += piece.iov_len;
  taken += piece.iov_len;
  return piece;
}

std::unique_ptr<TlsSealer> TlsSealer::make(uint16_t number, const TlsSecret& secret) {
  for (const Suite& suite : kSuites) {
    if (suite.number != number) continue;
    Cipher cipher(EVP_CIPHER_CTX_new());
    if (!cipher) return {};
    std::unique_ptr<TlsSealer> made(new TlsSealer(suite, std::move(cipher)));
    return made->set_secret(secret.bytes, secret.size) ? std::move(made) : nullptr;
  }
  return {};
}

// HKDF-Expand-Label (§7.1) of no more than one digest: HKDF's first block alone (RFC 5869 §2.3).
bool TlsSealer::expand(std::string_view label, unsigned char* to, size_t size) const {
  constexpr std::string_view kPrefix = "tls13 ";
  unsigned char info[32];
  size_t used = 0;
  info[used++] = 0;
  info[used++] = static_cast<unsigned char>(size);
  info[used++] = static_cast<unsigned char>(kPrefix.size() + label.size());
  for (const std::string_view text : {kPrefix, label}) {
    memcpy(info + used, text.data(), text.size());
    used += text.size();
  }
  info[used++] = 0;  // no context
  info[used++] = 1;  // the block's number
  TlsSecret block;
  unsigned int length = 0;
  const bool done = HMAC(suite_.digest(), secret_.bytes, static_cast<int>(secret_.size), info, used, block.bytes, &length);
  if (!done || length < size) return false;
  memcpy(to, block.bytes, size);
  return true;
}

bool TlsSealer::set_secret(const unsigned char* secret, size_t size) {
  if (size > sizeof secret_.bytes) return false;
  memcpy(secret_.bytes, secret, size);
  secret_.size = size;
  TlsSecret key;
  number_ = 0;
  return expand("key", key.bytes, suite_.key_size) && expand("iv", iv_, sizeof iv_) &&
         EVP_EncryptInit_ex(cipher_.get(), suite_.cipher(), nullptr, key.bytes, nullptr) == 1;
}

bool TlsSealer::update() {
  TlsSecret next;
  return expand("traffic upd", next.bytes, secret_.size) && set_secret(next.bytes, secret_.size);
}

bool TlsSealer::encrypt(const void* from, size_t size, unsigned char* to) {
  int done = 0;
  return size == 0 || EVP_EncryptUpdate(cipher_.get(), to, &done, static_cast<const unsigned char*>(from),
                                        static_cast<int>(size)) == 1;
}

size_t TlsSealer::seal(Type type, std::string_view content, char* to) {
  const iovec part{const_cast<char*>(content.data()), content.size()};
  Plaintext from{&part, 1};
  return seal(type, from, to);
}

size_t TlsSealer::seal(Type type, Plaintext& from, char* to) {
  // The header is authenticated, so its length must be known first.
  size_t size = 0;
  for (Plaintext ahead = from; size < kContent && !ahead.ended();) size += ahead.take(kContent - size).iov_len;
  auto* const header = reinterpret_cast<unsigned char*>(to);
  unsigned char* const body = header + kHeader;
  const size_t length = size + 1 + kTag;
  const unsigned char fields[kHeader] = {static_cast<unsigned char>(Type::application_data), 3, 3,
                                         static_cast<unsigned char>(length >> 8), static_cast<unsigned char>(length)};
  memcpy(header, fields, kHeader);

  // §5.3: the record's number, to the right, over the write IV.
  unsigned char nonce[sizeof iv_];
  memcpy(nonce, iv_, sizeof nonce);
  for (size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<unsigned char>(number_ >> (8 * i));
  ++number_;
  int done = 0;
  if (EVP_EncryptInit_ex(cipher_.get(), nullptr, nullptr, nullptr, nonce) != 1 ||
      EVP_EncryptUpdate(cipher_.get(), nullptr, &done, header, kHeader) != 1) {
    return 0;
  }

  size_t at = 0, encrypted = 0;
  while (at < size && !from.ended()) {
    const iovec piece = from.take(size - at);
    if (piece.iov_len < kWorthACall) {
      memcpy(body + at, piece.iov_base, piece.iov_len);
      at += piece.iov_len;
      continue;
    }
    if (!encrypt(body + encrypted, at - encrypted, body + encrypted)) return 0;
    if (!encrypt(piece.iov_base, piece.iov_len, body + at)) return 0;
    encrypted = at += piece.iov_len;
  }
  body[at] = static_cast<unsigned char>(type);
  if (!encrypt(body + encrypted, at + 1 - encrypted, body + encrypted)) return 0;
  if (EVP_EncryptFinal_ex(cipher_.get(), body + at + 1, &done) != 1) return 0;
  if (EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_AEAD_GET_TAG, kTag, body + at + 1) != 1) return 0;
  return kHeader + length;
}

}  // namespace zc
