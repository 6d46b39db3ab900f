// What is told of a content by its SHA-256, as src/files/content-hashes.ts and src/files/etag.ts have it.
#pragma once
#include <string>
#include <string_view>

namespace zc {

/** In base64. Empty where the process has no OpenSSL. */
std::string content_hash(std::string_view content);

/** The entity-tag of a content with this hash, with its quotes; empty for none. */
std::string content_tag(std::string_view hash);

}  // namespace zc
