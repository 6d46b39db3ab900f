#include "http1/transmission.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

namespace zc {
namespace {

// One window of strategy read: the size at which copying costs more than the two system calls.
constexpr uint64_t kWindow = 128 << 10;
// Asked of the disk at once for a cold span: long enough to stream, short enough to keep the first byte near.
constexpr uint64_t kColdSpan = 512 << 10;
// A mapping is copied by one call of at most this much.
constexpr uint64_t kMappedPiece = 512 << 10;
constexpr size_t kMaxVector = 16;
constexpr size_t kHead = 0, kClosing = 1, kBody = 2;

bool holds(ByteSpan span, uint64_t at) { return at >= span.start && at < span.end; }

}  // namespace

void Transmission::start(Ref<const Reply> reply, bool head_only, const char* closing, size_t closing_size) {
  reply_ = std::move(reply);
  index_ = 0;
  offset_ = body_bytes_ = 0;
  probed_ = {};
  if (window_) window_->aim({}, false);
  head_only_ = head_only;
  refused_ = reply_->carrier == Carrier::sendfile && reply_->file->refused();
  reads_ = refused_ || reply_->carrier == Carrier::read;
  confirmed_ = false;
  fault_ = FileFault::none;
  closing_size_ = static_cast<uint8_t>(closing_size);
  if (closing_size > 0) memcpy(closing_, closing, closing_size);
}

void Transmission::clear() {
  reply_ = {};
  window_ = {};
}

Transmission::Segment Transmission::span_segment(ByteSpan span) const {
  const uint64_t size = span.end - span.start;
  if (const Memory* memory = reply_->memory.get()) {
    return {memory->data() + span.start, size, span.start, true, memory->mapped_file() != nullptr};
  }
  return {nullptr, size, span.start, true};
}

Transmission::Segment Transmission::segment(size_t index) const {
  if (index == kHead) return {reply_->head.data(), reply_->head.size(), 0, true};
  if (index == kClosing) return {closing_, closing_size_, 0, true};
  if (head_only_ || reply_->carrier == Carrier::none) return {};
  const size_t body = index - kBody;
  if (reply_->parts.empty()) return body == 0 ? span_segment(reply_->span) : Segment{};
  if (body / 2 < reply_->parts.size()) {
    const ReplyPart& part = reply_->parts[body / 2];
    return body % 2 == 0 ? Segment{part.head.data(), part.head.size(), 0, true} : span_segment(part.span);
  }
  if (body == reply_->parts.size() * 2) return {reply_->tail.data(), reply_->tail.size(), 0, true};
  return {};
}

SendResult Transmission::send(int socket, const SendLimits& limits, int64_t now, bool more) {
  const uint64_t turn_end = body_bytes_ + limits.chunk;
  // Parts end in memory, where no byte of the file is left to hold back: they take the path that checks by itself.
  if (limits.verify && !reply_->parts.empty()) reads_ = reply_->carrier == Carrier::sendfile || reads_;
  for (;;) {
    if (body_bytes_ >= turn_end) return SendResult::yield;
    bool sent = false;
    const SendResult memory = send_memory(socket, now, more, sent);
    if (memory != SendResult::done) return memory;
    const Segment current = segment(index_);
    if (!current.exists) return finish();
    if (sent) continue;
    if (limits.verify && !confirmed_ && at_last_byte(current)) {
      const SendResult confirmed = confirm(socket);
      if (confirmed != SendResult::done) return confirmed;
      continue;
    }
    const SendResult file = send_file_chunk(socket, current, limits, now);
    if (file != SendResult::done) return file;
  }
}

// Gathers what lies in memory from the cursor on and sends it with one call; `done` also when there is nothing.
SendResult Transmission::send_memory(int socket, int64_t now, bool follows, bool& sent) {
  iovec vector[kMaxVector];
  size_t count = 0;
  size_t index = index_;
  uint64_t offset = offset_;
  bool more = false, window_in_use = false;
  for (Segment next = segment(index); next.exists && count < kMaxVector; next = segment(++index), offset = 0) {
    if (offset == next.size) continue;
    const char* data = next.data + offset;
    uint64_t size = next.size - offset;
    const uint64_t at = next.file_offset + offset;
    if (next.mapped) {
      // The kernel copies from it, and would wait here for pages that are not in memory.
      const uint64_t piece = std::min(size, kMappedPiece);
      if (!holds(probed_, at) && !probe({at, at + piece}, now)) return SendResult::cold;
      const uint64_t probed = std::min(size, probed_.end - at);
      more = probed < size;
      size = probed;
    }
    if (!next.data) {
      more = true;
      if (!reads_) break;
      if (!window_ || !window_->holds(at)) {
        if (window_in_use) break;
        const SendResult loaded = load_window(at, next.file_offset + next.size, now);
        if (loaded != SendResult::done) return loaded;
      }
      window_in_use = true;
      data = window_->at(at);
      const uint64_t in_window = std::min(size, window_->span().end - at);
      more = in_window < size;
      size = in_window;
    }
    vector[count++] = {const_cast<char*>(data), size};
    if (more) break;
  }
  if (count == 0) {
    // Empty segments are passed over here so that the end is seen.
    index_ = index;
    offset_ = offset;
    return SendResult::done;
  }
  const Io io = send_vector(socket, vector, count, more || follows);
  switch (io.result) {
    case Io::moved:
      advance(io.bytes);
      sent = true;
      // A short write means a full socket, or a fault that the next attempt will name.
      return SendResult::done;
    case Io::again:
      return SendResult::again;
    case Io::faulted:
      return fail(FileFault::truncated, 0);
    default:
      return SendResult::gone;
  }
}

// False: its beginning may have to be waited for, and `wanted` says how much at a time.
bool Transmission::probe(ByteSpan asked, int64_t now) {
  const File& file = *reply_->source();
  const ByteSpan span = file.stretches(asked);
  const bool resident = file.resident(span, now);
  if (resident) probed_ = span;
  else cold_ = {span.start, std::min(span.start + kColdSpan, span.end)};
  return resident;
}

PageIn Transmission::wanted() const {
  return {Ref<const File>(reply_->source()), cold_, reads_ ? window_ : Ref<Window>()};
}

void Transmission::set_paged(int64_t now) {
  const ByteSpan here = reads_ ? window_->span() : cold_;
  if (!reads_) probed_ = here;
  reply_->source()->set_resident(here, now);
}

SendResult Transmission::send_file_chunk(int socket, const Segment& current, const SendLimits& limits, int64_t now) {
  const uint64_t at = current.file_offset + offset_;
  uint64_t left = current.size - offset_;
  if (limits.verify && !confirmed_ && reply_->parts.empty()) --left;
  uint64_t chunk = std::min(left, limits.chunk);
  if (!holds(probed_, at) && !probe({at, at + chunk}, now)) return SendResult::cold;
  chunk = std::min(chunk, probed_.end - at);
  const Io io = send_file(socket, reply_->file->fd(), at, chunk);
  switch (io.result) {
    case Io::moved:
      advance(io.bytes);
      return SendResult::done;
    case Io::again:
      return SendResult::again;
    case Io::refused:
      reads_ = refused_ = true;
      reply_->file->set_refused();
      return SendResult::done;
    case Io::truncated:
      return fail(FileFault::truncated, 0);
    case Io::failed:
      return fail(FileFault::failed, io.error);
    default:
      return SendResult::gone;
  }
}

SendResult Transmission::load_window(uint64_t at, uint64_t end, int64_t now) {
  const File& file = *reply_->file;
  // A small file is read whole before its head leaves, so that a change can still be refused.
  const uint64_t size = std::min(end - at, kWindow);
  const bool paged = window_ && window_->io().result != Io::again && window_->span().start == at;
  if (!paged) {
    if (!window_ || window_->capacity() < size) window_ = make_ref<Window>(size);
    // The last bytes are withheld unless all bytes were of one version: no mixed body is ever complete.
    const ByteSpan last = reply_->parts.empty() ? reply_->span : reply_->parts.back().span;
    window_->aim({at, at + size}, at + size == last.end);
    cold_ = {at, std::min(end, at + kColdSpan)};
    // On a remote volume even a look may hang.
    if (file.volume() == Volume::remote) return SendResult::cold;
    const bool believed = holds(probed_, at) || (!file.probeable() && file.seen_resident({at, at + size}, now));
    window_->load(file, !believed);
    if (window_->io().result == Io::refused) file.set_unprobeable();
  }
  switch (window_->io().result) {
    case Io::moved:
      return window_->unchanged() ? SendResult::done : fail(FileFault::changed, 0);
    case Io::cold:
    case Io::refused:
      return SendResult::cold;
    case Io::truncated:
      return fail(FileFault::truncated, 0);
    default:
      return fail(FileFault::failed, window_->io().error);
  }
}

bool Transmission::at_last_byte(const Segment& current) const { return !reads_ && current.size - offset_ == 1; }

SendResult Transmission::confirm(int socket) {
  int unacknowledged = 0;
  if (ioctl(socket, SIOCOUTQ, &unacknowledged) != 0) return SendResult::gone;
  if (unacknowledged > 0) return SendResult::unacked;
  confirmed_ = true;
  // The last byte goes by the read path, which looks at the file again before it lets the byte go.
  reads_ = true;
  probed_ = {reply_->span.end - 1, reply_->span.end};
  return SendResult::done;
}

SendResult Transmission::finish() {
  const File* source = head_only_ ? nullptr : reply_->source();
  // Strategy read has looked at the file before it let the last bytes go.
  if (source && !reads_ && body_bytes_ > 0 && !source->unchanged()) return fail(FileFault::changed, 0);
  return SendResult::done;
}

void Transmission::advance(uint64_t bytes) {
  while (bytes > 0) {
    const uint64_t step = std::min(bytes, segment(index_).size - offset_);
    offset_ += step;
    bytes -= step;
    if (index_ >= kBody) body_bytes_ += step;
    if (offset_ == segment(index_).size) {
      ++index_;
      offset_ = 0;
    }
  }
}

SendResult Transmission::fail(FileFault fault, int error) {
  fault_ = fault;
  fault_error_ = error;
  return SendResult::broken;
}

}  // namespace zc
