// The entity-tag of a content, as src/files/etag.ts makes it.
#pragma once
#include <string>
#include <string_view>

namespace zc {

/** With its quotes: the tag that the package etag gives to the SHA-256. Empty where the process has no OpenSSL. */
std::string content_tag(std::string_view content);

}  // namespace zc
