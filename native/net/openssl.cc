#include "net/openssl.h"

namespace zc {

std::string openssl_version() {
  // Volatile: the compiler takes a function's address for never null.
  const void* volatile const functions[] = {
#define ZC_ADDRESS(name) reinterpret_cast<const void*>(&name),
      ZC_OPENSSL(ZC_ADDRESS)
#undef ZC_ADDRESS
  };
  for (const void* function : functions) {
    if (!function) return {};
  }
  return OPENSSL_version_major() == 3 ? OpenSSL_version(OPENSSL_VERSION) : std::string();
}

}  // namespace zc
