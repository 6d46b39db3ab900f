#include "http/content_hash.h"

#include <memory>

#include "net/openssl.h"

namespace zc {
namespace {

constexpr size_t kSha256 = 32;
// 132 bits of it.
constexpr size_t kTagCharacters = 22;

using Context = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

bool digest(std::string_view text, const EVP_MD* kind, unsigned char* to) {
  const Context context(EVP_MD_CTX_new());
  return context && kind && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1 &&
         EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
         EVP_DigestFinal_ex(context.get(), to, nullptr) == 1;
}

// One byte stands behind them, which is 0: the last character has two bits of it.
std::string base64(const unsigned char (&bytes)[kSha256 + 1]) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t bit = 0; bit < 8 * kSha256; bit += 6) {
    const size_t at = bit / 8, shift = bit % 8;
    const unsigned pair = static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]);
    text.push_back(kDigits[pair >> (10 - shift) & 63]);
  }
  text.push_back('=');
  return text;
}

}  // namespace

std::string content_hash(std::string_view content) {
  static const bool available = !openssl_version().empty();
  if (!available) return {};
  // Once: who names it otherwise has it looked for each time, which takes as long as to hash a kilobyte.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  unsigned char hash[kSha256 + 1] = {};
  return digest(content, sha256, hash) ? base64(hash) : std::string();
}

std::string content_tag(std::string_view hash) {
  if (hash.empty()) return {};
  std::string tag = "\"";
  for (const char digit : hash.substr(0, kTagCharacters)) tag.push_back(digit == '+' ? '-' : digit == '/' ? '_' : digit);
  tag.push_back('"');
  return tag;
}

}  // namespace zc
