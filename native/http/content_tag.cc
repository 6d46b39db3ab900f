#include "http/content_tag.h"

#include <memory>

#include "net/openssl.h"

namespace zc {
namespace {

constexpr size_t kSha256 = 32, kSha1 = 20;
// The last of the 28 is padding.
constexpr size_t kBase64 = 27;

using Context = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

bool digest(std::string_view text, const EVP_MD* kind, unsigned char* to) {
  const Context context(EVP_MD_CTX_new());
  return context && kind && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1 &&
         EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
         EVP_DigestFinal_ex(context.get(), to, nullptr) == 1;
}

void append_base64(std::string& text, const unsigned char* bytes, size_t count) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < count; ++i) {
    const size_t bit = 6 * i, at = bit / 8, shift = bit % 8;
    const unsigned pair = static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]);
    text.push_back(kDigits[pair >> (10 - shift) & 63]);
  }
}

}  // namespace

std::string content_tag(std::string_view content) {
  static const bool available = !openssl_version().empty();
  if (!available) return {};
  // Once: who names them otherwise has them looked for each time, which takes as long as to hash a kilobyte.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  unsigned char inner[kSha256], outer[kSha1 + 1] = {};
  if (!digest(content, sha256, inner)) return {};
  if (!digest({reinterpret_cast<const char*>(inner), kSha256}, sha1, outer)) return {};
  std::string tag = "\"20-";
  append_base64(tag, outer, kBase64);
  tag.push_back('"');
  return tag;
}

}  // namespace zc
