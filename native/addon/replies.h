// The engine's values as JavaScript gives them (src/addon/engine.ts): replies, hot entries, transfers.
#pragma once
#include "addon/values.h"
#include "http/reply.h"

namespace zc::js {

/** Of flags, as flagsOf made them (src/addon/wire.ts). False where one of the two is none. */
bool read_way(uint64_t flags, Way& way, Reason& reason);
/**
 * EngineReply as eight values: flags, fields, source, start, end, parts, tail, early. Null where its status is none, its source
 * is released or not what its way takes, or a span is outside it.
 */
Ref<Reply> read_reply(napi_env env, const napi_value* values);
/** A copy of a Uint8Array's bytes; null where it is none. */
Ref<Memory> read_piece(napi_env env, napi_value bytes);
/** HotReply. False where one of its replies is not one. */
bool read_hot_reply(napi_env env, napi_value object, HotReply& hot);
/** Flat: path, version, … */
std::vector<Evidence> read_evidence(napi_env env, napi_value from);
/** A path without replies: path, judged, evidence. */
Ref<HotEntry> read_hot_entry(napi_env env, const napi_value* values);
/** The body of somebody else's response, or a piece of it: file, sendfile, start, end, what goes before it and after it. */
Ref<Reply> read_transfer(napi_env env, const napi_value* values);

}  // namespace zc::js
