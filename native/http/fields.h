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
  X(kXRealIp, "x-real-ip") X(kHost, "host") X(kContentType, "content-type")                            \
  X(kLastEventId, "last-event-id") X(kStreamSeq, "stream-seq") X(kStreamTtl, "stream-ttl")              \
  X(kStreamExpiresAt, "stream-expires-at") X(kStreamClosed, "stream-closed")                            \
  X(kStreamForkedFrom, "stream-forked-from") X(kStreamForkOffset, "stream-fork-offset")                 \
  X(kStreamForkSubOffset, "stream-fork-sub-offset") X(kProducerId, "producer-id")                       \
  X(kProducerEpoch, "producer-epoch") X(kProducerSeq, "producer-seq")
enum Field : uint8_t { ZC_FIELDS(ZC_ENUMERATOR) kFieldCount };
constexpr std::string_view kFieldNames[kFieldCount] = {ZC_FIELDS(ZC_TEXT)};

/** One bit for each of some fields. Exact as a double, by which it crosses the border. */
using FieldSet = uint64_t;
static_assert(kFieldCount <= 53);

constexpr FieldSet bit(Field field) { return FieldSet{1} << field; }

/** The first field of a set that has one: to go through it, `set &= set - 1`. */
constexpr Field first_of(FieldSet set) { return static_cast<Field>(__builtin_ctzll(set)); }

/** The field of this name, in any case; kFieldCount for one that nobody reads. */
Field find_field(std::string_view name);

}  // namespace zc
