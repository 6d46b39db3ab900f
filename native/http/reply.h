// An answer ready to be sent, and what the hot table knows of it. Immutable, shared by threads; of no HTTP version.
#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "base/names.h"
#include "files/memory.h"
#include "http/fields.h"

namespace zc {

/** How a body leaves. `feed`: it is made while it is sent, and nobody knows its length (http/feed.h). */
#define ZC_WAYS(X) X(none) X(bytes) X(mmap) X(sendfile) X(read) X(feed)
enum class Way : uint8_t { ZC_WAYS(ZC_ENUMERATOR) };
constexpr const char* kWayNames[] = {ZC_WAYS(ZC_NAME)};
constexpr size_t kWays = std::size(kWayNames);

/** Why it leaves that way: src/plan/types.ts has their meaning, and decides; but for refused. */
#define ZC_REASONS(X)                                                                           \
  X(size, "size") X(hot, "hot") X(cold, "cold") X(budget, "budget") X(tls, "tls")               \
  X(transport, "transport") X(filesystem, "filesystem") X(refused, "refused")                   \
  X(no_addon, "no-addon") X(forced, "forced")
enum class Reason : uint8_t { ZC_REASONS(ZC_ENUMERATOR) };
constexpr const char* kReasonNames[] = {ZC_REASONS(ZC_TEXT)};
constexpr size_t kReasons = std::size(kReasonNames);

/** One part of multipart/byteranges: its head, then its span of the body's source. */
struct ReplyPart {
  std::string head;
  ByteSpan span;
};

/** The head as a binary version of HTTP writes it: made by the first thread that needs it, for all. */
class HeaderBlock {
 public:
  HeaderBlock() = default;
  HeaderBlock(const HeaderBlock&) = delete;
  HeaderBlock& operator=(const HeaderBlock&) = delete;
  ~HeaderBlock() { delete made_.load(std::memory_order_relaxed); }

  /** `make` returns it as a std::string. */
  template <class Make>
  const std::string& get(Make make) const {
    const std::string* made = made_.load(std::memory_order_acquire);
    if (made) return *made;
    const auto* const own = new std::string(make());
    if (made_.compare_exchange_strong(made, own, std::memory_order_acq_rel)) return *own;
    delete own;
    return *made;
  }

 private:
  mutable std::atomic<const std::string*> made_{nullptr};
};

struct Reply : RefCounted {
  uint16_t status = 0;
  /** "Name: value" CRLF, for each; but Date, and what is between one connection and its peer. */
  std::string fields;
  Way way = Way::none;
  Reason reason = Reason::size;
  bool close = false;
  bool live = false;  // made for as long as somebody waits for it: to a client that has half-closed, nothing more comes
  Ref<Memory> memory;  // of the ways bytes and mmap
  Ref<File> file;      // of sendfile and read
  ByteSpan span;       // when there are no parts
  std::vector<ReplyPart> parts;
  std::string tail;  // closing delimiter of the parts; of a template of slices, fields
  HeaderBlock block;
  // Status and fields of the interim answer that goes ahead of this one to GET, where a version has use for it (RFC 8297).
  Ref<const Reply> early;
  Ref<const Reply> base;  // of a slice: the template, with whose status and fields its own begin

  /** The file whose change during the send must not go unnoticed; null when the bytes cannot change. */
  const File* source() const { return file ? file.get() : memory ? memory->mapped_file() : nullptr; }
};

/** A condition of a prepared reply: this field has exactly this value. */
struct Guard {
  uint8_t field;
  std::string value;
};

struct HotReply {
  Ref<Reply> reply;
  // A 206 of one range answers all of them: `reply` is then the template of slices below large_from bytes, this one of
  // the others. A template's span is the whole, its head lacks Content-Range and Content-Length, which `tail` follows.
  Ref<Reply> large;
  uint64_t large_from = 0;
  Ref<Reply> not_modified;  // the 304; null without an ETag
  std::string etag;
  std::vector<Guard> guard;
  FieldSet guard_mask = 0;  // bits of the guard's fields
  bool answers_head = false;
};

/** A resolution rests on this path having this version; '' = it could not be opened. */
struct Evidence {
  std::string path, version;
  bool operator==(const Evidence& other) const { return path == other.path && version == other.version; }
  bool operator!=(const Evidence& other) const { return !(*this == other); }
};

/** All prepared replies of one path. Shared by the threads' tables; only the atomics ever change. */
struct HotEntry : RefCounted {
  uint32_t site = 0;
  std::string path;
  FieldSet judged = 0;  // fields that must be as the guard says, or absent
  std::vector<HotReply> replies;
  std::vector<Evidence> evidence;
  // ms; of a listing, 0 of all else: nothing holds after it. Its evidence is looked at each time, since names that come and
  // go are seen at once, and a query asks for another page.
  int64_t lasts_until = 0;
  bool remote = false;  // some of the evidence lies where a look may hang
  mutable std::atomic<int64_t> valid_until{0};  // ms; the evidence is looked at again after it
  mutable std::atomic<bool> unsure{false};      // a look would have had to wait: TypeScript looks instead
  mutable std::atomic<bool> used{false};        // since the cache policy asked last
};

}  // namespace zc
