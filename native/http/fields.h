// The request fields that are read. The others are checked by the parser and dropped.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/names.h"

namespace zc {

#define ZC_FIELDS(X)                                                                                    \
  X(kConnection, "connection") X(kContentLength, "content-length")                                      \
  X(kTransferEncoding, "transfer-encoding") X(kExpect, "expect")                                        \
  X(kReferer, "referer") X(kUserAgent, "user-agent") X(kXRequestId, "x-request-id")                     \
  X(kAccept, "accept") X(kAcceptEncoding, "accept-encoding")                                            \
  X(kAvailableDictionary, "available-dictionary") X(kRange, "range") X(kIfRange, "if-range")            \
  X(kIfMatch, "if-match") X(kIfNoneMatch, "if-none-match")                                              \
  X(kIfModifiedSince, "if-modified-since") X(kIfUnmodifiedSince, "if-unmodified-since")                 \
  X(kOrigin, "origin") X(kAccessControlRequestMethod, "access-control-request-method")                  \
  X(kSecFetchDest, "sec-fetch-dest") X(kSecPurpose, "sec-purpose") X(kAuthorization, "authorization")   \
  X(kWantReprDigest, "want-repr-digest") X(kWantContentDigest, "want-content-digest")                   \
  X(kVia, "via") X(kForwarded, "forwarded") X(kXForwardedFor, "x-forwarded-for")                        \
  X(kXForwardedHost, "x-forwarded-host") X(kXForwardedProto, "x-forwarded-proto")                       \
  X(kXRealIp, "x-real-ip") X(kHost, "host")
enum Field : uint8_t { ZC_FIELDS(ZC_ENUMERATOR) kFieldCount };
constexpr std::string_view kFieldNames[kFieldCount] = {ZC_FIELDS(ZC_TEXT)};

constexpr uint32_t bit(Field field) { return uint32_t{1} << field; }

/** The field of this name, in any case; kFieldCount for one that nobody reads. */
Field find_field(std::string_view name);

}  // namespace zc
