// Records as JavaScript takes them (src/addon/engine.ts): one flat array a batch.
#pragma once
#include <vector>

#include "addon/values.h"
#include "engine/record.h"

namespace zc::js {

/**
 * For each record the values of kRecordValues, then its fields: index, value… `bytes` of content: itself, where it is here;
 * otherwise its length, 0 where there is none and -1 where that is not known.
 */
constexpr const char* kRecordValues[] = {"kind", "id", "code", "site", "errno", "bytes", "method", "text", "fields"};

napi_value to_batch(napi_env env, const std::vector<Record>& records);

}  // namespace zc::js
