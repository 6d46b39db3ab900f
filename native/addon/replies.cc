#include "addon/replies.h"

#include <optional>

#include "addon/directory.h"
#include "addon/layout.h"
#include "base/clock.h"
#include "http1/head.h"

namespace zc::js {
namespace {

ByteSpan to_span(napi_env env, napi_value start, napi_value end) { return {to_count(env, start), to_count(env, end)}; }

bool within(const Reply& reply, ByteSpan span) {
  if (reply.file) return reply.file->may_have(span);
  return span.start <= span.end && span.end <= (reply.memory ? reply.memory->size() : 0);
}

// Below, the copy costs less than the look whether there need be none.
constexpr size_t kShareMin = 16 * 1024;

struct Bytes {
  std::string_view text;
  size_t offset = 0;
  napi_value buffer = nullptr;
};

std::optional<Bytes> view_of(napi_env env, napi_value array) {
  void* data = nullptr;
  size_t size = 0;
  Bytes bytes;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, array, &type, &size, &data, &bytes.buffer, &bytes.offset) != napi_ok) return std::nullopt;
  if (type != napi_uint8_array) return std::nullopt;
  bytes.text = {static_cast<const char*>(data), size};
  return bytes;
}

Ref<Memory> copy_of(std::string_view bytes) { return Ref<Memory>(new HeapBytes(std::string(bytes))); }

bool read_bytes(napi_env env, napi_value source, Reply& reply) {
  const std::optional<Bytes> bytes = view_of(env, source);
  if (!bytes) return false;
  // Spans count from the start of the memory.
  if (bytes->text.size() >= kShareMin && bytes->offset == 0) reply.memory = shared_bytes(env, bytes->buffer);
  if (!reply.memory) reply.memory = copy_of(bytes->text);
  return true;
}

// The object whose bytes are sent. False when it is released, or not what its way takes.
bool read_source(napi_env env, napi_value source, Reply& reply) {
  switch (reply.way) {
    case Way::none:
    case Way::feed:
      return true;
    case Way::bytes:
      return read_bytes(env, source, reply);
    case Way::mmap:
      reply.memory = unwrap<Memory>(env, handles(env).memory, source);
      return static_cast<bool>(reply.memory);
    case Way::sendfile:
    case Way::read:
      reply.file = unwrap<File>(env, handles(env).file, source);
      return static_cast<bool>(reply.file);
  }
  return false;
}

// RFC 8297. Empty: there is none.
Ref<const Reply> early_of(std::string fields) {
  if (fields.empty()) return {};
  auto early = make_ref<Reply>();
  early->status = 103;
  early->fields = std::move(fields);
  return early;
}

bool read_flags(uint64_t flags, Reply& reply) {
  if (!read_way(flags, reply.way, reply.reason)) return false;
  reply.close = (flags >> kCloseShift & 1) != 0;
  reply.status = static_cast<uint16_t>(flags >> kStatusShift & kStatusMask);
  reply.live = (flags >> kLiveShift & 1) != 0;
  return !status_line(reply.status).empty();
}

Ref<Reply> read_reply_object(napi_env env, napi_value object) {
  const napi_value values[] = {get(env, object, "flags"), get(env, object, "fields"), get(env, object, "source"),
                               get(env, object, "start"), get(env, object, "end"),    get(env, object, "parts"),
                               get(env, object, "tail"),  get(env, object, "early")};
  Ref<Reply> reply = read_reply(env, values);
  // Without parts the tail is a template's.
  if (reply) reply->tail = to_text(env, values[6]);
  return reply;
}

}  // namespace

bool read_way(uint64_t flags, Way& way, Reason& reason) {
  const uint64_t ways = flags >> kWayShift & kEnumMask, reasons = flags >> kReasonShift & kEnumMask;
  if (ways >= kWays || reasons >= kReasons) return false;
  way = static_cast<Way>(ways);
  reason = static_cast<Reason>(reasons);
  return true;
}

Ref<Reply> read_reply(napi_env env, const napi_value* values) {
  auto reply = make_ref<Reply>();
  if (!read_flags(to_count(env, values[0]), *reply)) return {};
  reply->fields = to_text(env, values[1]);
  if (!read_source(env, values[2], *reply)) return {};
  reply->span = to_span(env, values[3], values[4]);
  if (!within(*reply, reply->span)) return {};
  reply->early = early_of(to_text(env, values[7]));
  if (!is_type(env, values[5], napi_object)) return reply;
  const uint32_t count = length(env, values[5]);
  for (uint32_t i = 0; i + 2 < count; i += 3) {
    ReplyPart part;
    part.head = to_text(env, element(env, values[5], i));
    part.span = to_span(env, element(env, values[5], i + 1), element(env, values[5], i + 2));
    if (!within(*reply, part.span)) return {};
    reply->parts.push_back(std::move(part));
  }
  reply->tail = to_text(env, values[6]);
  return reply;
}

Ref<Memory> read_piece(napi_env env, napi_value bytes) {
  const std::optional<Bytes> view = view_of(env, bytes);
  return view ? copy_of(view->text) : Ref<Memory>();
}

bool read_hot_reply(napi_env env, napi_value object, HotReply& hot) {
  hot.reply = read_reply_object(env, object);
  if (!hot.reply) return false;
  const napi_value large = get(env, object, "large");
  if (is_type(env, large, napi_object)) {
    hot.large = read_reply_object(env, large);
    if (!hot.large) return false;
    hot.large_from = to_count(env, get(env, object, "largeFrom"));
  }
  hot.answers_head = to_boolean(env, get(env, object, "answersHead"));
  const napi_value etag = get(env, object, "etag");
  if (is_type(env, etag, napi_string)) {
    hot.etag = to_text(env, etag);
    hot.not_modified = make_ref<Reply>();
    hot.not_modified->status = 304;
    hot.not_modified->fields = to_text(env, get(env, object, "notModified"));
  }
  const napi_value guard = get(env, object, "guard");
  for (uint32_t i = 0; i + 1 < length(env, guard); i += 2) {
    const uint64_t field = to_count(env, element(env, guard, i));
    if (field >= kFieldCount) return false;
    hot.guard.push_back({static_cast<uint8_t>(field), to_text(env, element(env, guard, i + 1))});
    hot.guard_mask |= bit(static_cast<Field>(field));
  }
  return true;
}

std::vector<Evidence> read_evidence(napi_env env, napi_value from) {
  std::vector<Evidence> evidence;
  for (uint32_t i = 0; i + 1 < length(env, from); i += 2) {
    evidence.push_back({to_utf8(env, element(env, from, i)), to_text(env, element(env, from, i + 1))});
  }
  return evidence;
}

Ref<HotEntry> read_hot_entry(napi_env env, const napi_value* values) {
  auto entry = make_ref<HotEntry>();
  entry->path = to_text(env, values[0]);
  entry->judged = to_count(env, values[1]);
  entry->evidence = read_evidence(env, values[2]);
  const uint64_t lasts = to_count(env, values[3]);
  entry->lasts_until = lasts == 0 ? 0 : monotonic_ms() + static_cast<int64_t>(lasts);
  return entry;
}

Ref<Reply> read_transfer(napi_env env, const napi_value* values) {
  auto reply = make_ref<Reply>();
  reply->file = unwrap<File>(env, handles(env).file, values[0]);
  reply->way = to_boolean(env, values[1]) ? Way::sendfile : Way::read;
  reply->span = to_span(env, values[2], values[3]);
  if (!reply->file || !within(*reply, reply->span)) return {};
  if (!is_type(env, values[4], napi_string)) return reply;
  reply->parts.push_back({to_text(env, values[4]), reply->span});
  reply->tail = to_text(env, values[5]);
  return reply;
}

}  // namespace zc::js
