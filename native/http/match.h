// Which of a path's prepared replies answers a request, if one does.
#pragma once
#include "http/reply.h"
#include "http/request.h"

namespace zc {

/** The prepared reply for this request, or null: the question goes to TypeScript. Compares; all it reads is one range. */
Ref<const Reply> match(const HotEntry& entry, const RequestHead& request);

}  // namespace zc
