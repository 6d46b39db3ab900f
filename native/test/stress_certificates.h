// What the stress program's engine speaks TLS with: now these certificates, now those.
#pragma once
#include <fstream>
#include <iterator>
#include <string>

#include "net/tls_context.h"
#include "test/random.h"
#include "test/stress_site.h"

namespace zc::stress {

/** A folder with cert, rsa and names, and their keys, as the tests have it. */
class Certificates {
 public:
  explicit Certificates(const std::string& folder)
      : ecdsa_(read(folder, "cert", "key")), rsa_(read(folder, "rsa", "rsa-key")), other_(read(folder, "names", "names-key")) {}

  /** The first name always has one, of one or both kinds. */
  TlsSetup setup(Random& random) const {
    TlsSetup setup;
    setup.ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
    setup.suites = random.one_in(2) ? "TLS_AES_128_GCM_SHA256" : "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
    setup.groups = "X25519:P-256";
    setup.http2 = true;
    setup.identities = {{{"localhost"}, {ecdsa_}}};
    if (random.one_in(2)) setup.identities[0].pairs.push_back(rsa_);
    if (random.one_in(2)) setup.identities[0].pairs[0].staple.assign(1 + random.below(2000), 's');
    if (random.one_in(2)) setup.identities.push_back({{"a.example", "*.b.example"}, {other_}});
    return setup;
  }

 private:
  static TlsPair read(const std::string& folder, const char* certificate, const char* key) {
    return {text_of(folder + "/" + certificate + ".pem"), text_of(folder + "/" + key + ".pem"), {}};
  }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    require(file.is_open(), "a certificate can be read", path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const TlsPair ecdsa_, rsa_, other_;
};

}  // namespace zc::stress
