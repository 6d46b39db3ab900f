#include "http/match.h"

#include "http/slice.h"

namespace zc {
namespace {

bool guard_holds(const HotReply& reply, const RequestHead& request) {
  for (const Guard& guard : reply.guard) {
    if (request.fields[guard.field] != guard.value) return false;
  }
  return true;
}

// An If-Range equal to the strong ETag changes nothing (RFC 9110 §13.1.5).
Ref<const Reply> match_range(const HotReply& hot, FieldSet asked, const RequestHead& request) {
  const bool is_current = (asked & bit(kIfRange)) != 0 && !hot.etag.empty() && request.fields[kIfRange] == hot.etag;
  if (is_current) asked &= ~bit(kIfRange);
  if (asked != (hot.guard_mask | bit(kRange)) || !guard_holds(hot, request)) return {};
  ByteSpan span;
  if (!read_range(request.fields[kRange], hot.reply->span.end, span)) return {};
  return slice(hot, span);
}

}  // namespace

Ref<const Reply> match(const HotEntry& entry, const RequestHead& request) {
  if ((request.repeated & entry.judged) != 0) return {};
  const FieldSet asked = request.present & entry.judged;
  for (const HotReply& hot : entry.replies) {
    if (request.method == Method::head && !hot.answers_head) continue;
    if (hot.large) {
      if (Ref<const Reply> part = match_range(hot, asked, request)) return part;
      continue;
    }
    if (asked == hot.guard_mask && guard_holds(hot, request)) return Ref<const Reply>(hot.reply);
    // If-None-Match equal to the whole ETag: 304 (RFC 9110 §13.1.2). Lists, weak tags and `*` are judged in TypeScript.
    if (hot.not_modified && asked == (hot.guard_mask | bit(kIfNoneMatch)) && request.fields[kIfNoneMatch] == hot.etag &&
        guard_holds(hot, request)) {
      return Ref<const Reply>(hot.not_modified);
    }
  }
  return {};
}

}  // namespace zc
