// Protected records of TLS 1.3, made from where the plaintext lies into where they are sent from. RFC 8446 §5.2, §7.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "net/openssl.h"

namespace zc {

/** A traffic secret (RFC 8446 §7.1); empty until there is one, gone from memory with it. */
struct TlsSecret {
  unsigned char bytes[48];  // as long as the longest digest of a suite
  size_t size = 0;

  ~TlsSecret() { forget(); }
  void forget();
};

/** What is still to be sent of some parts. */
struct Plaintext {
  const iovec* parts;
  size_t count;
  size_t offset = 0;  // in the first of them
  size_t taken = 0;

  bool ended();
  /** The next `most` bytes, or as many as lie together. Not when it has ended. */
  iovec take(size_t most);
};

class TlsSealer {
 public:
  enum class Type : unsigned char { alert = 21, handshake = 22, application_data = 23 };

  static constexpr size_t kContent = 16384;                // of one record, at most (§5.1)
  static constexpr size_t kOverhead = 5 + 1 + 16;          // header, inner type, tag

  /** Its first record has number 0. Null for a suite that it does not know, or without memory. */
  static std::unique_ptr<TlsSealer> make(uint16_t suite, const TlsSecret& secret);

  /** One record of at most kContent bytes from the plaintext's front, at `to`. Its size, or 0: never use it again. */
  size_t seal(Type type, Plaintext& from, char* to);
  size_t seal(Type type, std::string_view content, char* to);
  /** The next record needs new keys first: their limit is near (§5.5). */
  bool is_worn() const { return number_ >= kMostRecords; }
  /** Goes on under the next generation of keys (§7.2), after a KeyUpdate was sent. False: never use it again. */
  bool update();

 private:
  using Cipher = std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>>;

  struct Suite {
    uint16_t number;
    const EVP_CIPHER* (*cipher)();
    const EVP_MD* (*digest)();
    size_t key_size;
  };
  // AES-GCM under one key: 2^24.5.
  static constexpr uint64_t kMostRecords = 1 << 24;
  static const Suite kSuites[];

  TlsSealer(const Suite& suite, Cipher cipher) : suite_(suite), cipher_(std::move(cipher)) {}
  bool set_secret(const unsigned char* secret, size_t size);
  bool expand(std::string_view label, unsigned char* to, size_t size) const;
  bool encrypt(const void* from, size_t size, unsigned char* to);

  const Suite& suite_;
  const Cipher cipher_;
  TlsSecret secret_;
  unsigned char iv_[12];
  uint64_t number_ = 0;
};

}  // namespace zc
