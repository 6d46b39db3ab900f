#include "transmission.h"

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
// Pages that were just used are not reclaimed at once; a wrong guess costs one wait for the disk.
constexpr int64_t kResidentFor = 1000;  // ms
constexpr size_t kMaxVector = 16;
constexpr size_t kHead = 0, kClosing = 1, kBody = 2;

}  // namespace

void Transmission::start(Ref<const Reply> reply, bool head_only, const char* closing, size_t closing_size) {
  reply_ = std::move(reply);
  index_ = 0;
  offset_ = body_bytes_ = probed_until_ = 0;
  window_span_ = {};
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
  window_.reset();
  window_capacity_ = 0;
}

Transmission::Segment Transmission::span_segment(ByteSpan span) const {
  const uint64_t size = span.end - span.start;
  if (reply_->memory) return {reply_->memory->data() + span.start, size, 0, true};
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
    const SendResult memory = send_memory(socket, more, sent);
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
SendResult Transmission::send_memory(int socket, bool follows, bool& sent) {
  iovec vector[kMaxVector];
  size_t count = 0;
  size_t index = index_;
  uint64_t offset = offset_;
  bool more = false, window_in_use = false;
  for (Segment next = segment(index); next.exists && count < kMaxVector; next = segment(++index), offset = 0) {
    if (offset == next.size) continue;
    const char* data = next.data + offset;
    uint64_t size = next.size - offset;
    if (!next.data) {
      more = true;
      if (!reads_) break;
      const uint64_t at = next.file_offset + offset;
      if (at < window_span_.start || at >= window_span_.end) {
        if (window_in_use) break;
        const SendResult loaded = load_window(at, next.file_offset + next.size);
        if (loaded != SendResult::done) return loaded;
      }
      window_in_use = true;
      data = window_.get() + (at - window_span_.start);
      const uint64_t in_window = std::min(size, window_span_.end - at);
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

// The probe is a system call; a file that is sent whole in one chunk is asked once in a while, not each time.
bool Transmission::is_resident(uint64_t offset, uint64_t size, int64_t now) {
  const File& file = *reply_->file;
  const bool whole = offset == 0 && size == file.stat().size;
  if (whole && file.resident(now)) return true;
  if (probe_residency(file.fd(), offset, size).result == Io::cold) return false;
  if (whole) file.set_resident(now + kResidentFor);
  return true;
}

SendResult Transmission::send_file_chunk(int socket, const Segment& current, const SendLimits& limits, int64_t now) {
  const uint64_t at = current.file_offset + offset_;
  uint64_t left = current.size - offset_;
  if (limits.verify && !confirmed_ && reply_->parts.empty()) --left;
  const uint64_t chunk = std::min(left, limits.chunk);
  const int file = reply_->file->fd();
  if (at >= probed_until_) {
    if (!is_resident(at, chunk, now)) {
      cold_ = {at, at + std::min(chunk, kColdSpan)};
      return SendResult::cold;
    }
    probed_until_ = at + chunk;
  }
  const Io io = send_file(socket, file, at, std::min(chunk, probed_until_ - at));
  switch (io.result) {
    case Io::moved:
      advance(io.bytes);
      return SendResult::done;
    case Io::again:
      return SendResult::again;
    case Io::refused:
      reads_ = refused_ = true;
      reply_->file->set_refused();
      window_span_ = {};
      return SendResult::done;
    case Io::truncated:
      return fail(FileFault::truncated, 0);
    case Io::failed:
      return fail(FileFault::failed, io.error);
    default:
      return SendResult::gone;
  }
}

SendResult Transmission::load_window(uint64_t offset, uint64_t end) {
  // A small file is read whole before its head leaves, so that a change can still be refused.
  const uint64_t size = std::min(end - offset, kWindow);
  if (window_capacity_ < size) {
    window_.reset(new char[size]);
    window_capacity_ = size;
  }
  uint64_t done = 0;
  while (done < size) {
    const bool nowait = offset + done >= probed_until_;
    const Io io = read_at(reply_->file->fd(), window_.get() + done, size - done, offset + done, nowait);
    if (io.result == Io::cold) {
      cold_ = {offset + done, offset + std::max(size, std::min(end - offset, kColdSpan))};
      window_span_ = {};
      return SendResult::cold;
    }
    if (io.result == Io::truncated) return fail(FileFault::truncated, 0);
    if (io.result == Io::failed) return fail(FileFault::failed, io.error);
    done += io.bytes;
  }
  window_span_ = {offset, offset + size};
  // The last bytes are withheld unless all bytes were of one version: no mixed body is ever complete.
  const ByteSpan last = reply_->parts.empty() ? reply_->span : reply_->parts.back().span;
  if (offset + size == last.end && !reply_->file->unchanged()) return fail(FileFault::changed, 0);
  return SendResult::done;
}

bool Transmission::at_last_byte(const Segment& current) const { return !reads_ && current.size - offset_ == 1; }

SendResult Transmission::confirm(int socket) {
  int unacknowledged = 0;
  if (ioctl(socket, SIOCOUTQ, &unacknowledged) != 0) return SendResult::gone;
  if (unacknowledged > 0) return SendResult::unacked;
  confirmed_ = true;
  // The last byte goes by the read path, which looks at the file again before it lets the byte go.
  reads_ = true;
  probed_until_ = reply_->span.end;
  window_span_ = {};
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
