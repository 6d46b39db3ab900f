#include "http1/transmission.h"

#include <algorithm>
#include <cstring>

namespace zc {
namespace {

constexpr size_t kMaxVector = 16;
constexpr size_t kGathered = 1024;

iovec to_vector(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

// Two vectors more cost the kernel more than copying a head of the usual size does here.
size_t gather(iovec* vector, size_t count, char* room, size_t size) {
  if (count < 2) return count;
  size_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    if (vector[i].iov_len > size - used) return count;
    memcpy(room + used, vector[i].iov_base, vector[i].iov_len);
    used += vector[i].iov_len;
  }
  vector[0] = {room, used};
  return 1;
}

}  // namespace

void Transmission::start(const BodySource& body, HeadEnd end, std::string_view date) {
  status_line_ = status_line(body.reply().status);
  end_size_ = write_head_end(end, date, end_);
  head_size_ = status_line_.size() + body.reply().fields.size() + end_size_;
  head_sent_ = 0;
  chunks_ = end.chunked ? std::make_optional<Chunks>() : std::nullopt;
}

// The line of the chunk that these bytes are of stands before them: `to` has a place for it. Returns how many vectors it is.
size_t Transmission::frame(iovec* to, const BodyNext& next) {
  // What is left of a file's piece is one chunk.
  uint64_t total = next.span.end - next.span.start;
  for (size_t i = 1; i <= next.count; ++i) total += to[i].iov_len;
  const bool begins = chunks_->left() == 0 && !chunks_->over();
  if (begins && (total > 0 || next.kind == BodyNext::done)) chunks_->begin(total);
  to[0] = to_vector(chunks_->line());
  if (to[0].iov_len > 0) return next.count + 1;
  std::copy(to + 1, to + 1 + next.count, to);
  return next.count;
}

// What is left of the head: at most three.
size_t Transmission::head_vectors(const BodySource& body, iovec* to) const {
  if (head_sent_ == head_size_) return 0;
  size_t count = 0;
  uint64_t skip = head_sent_;
  for (const std::string_view part : {status_line_, std::string_view(body.reply().fields), std::string_view(end_, end_size_)}) {
    const uint64_t skipped = std::min<uint64_t>(skip, part.size());
    skip -= skipped;
    if (skipped < part.size()) to[count++] = to_vector(part.substr(skipped));
  }
  return count;
}

SendResult Transmission::send(Stream& stream, BodySource& body, uint64_t share, int64_t now, bool follows) {
  const uint64_t end = body.sent() + share;
  for (;;) {
    const uint64_t most = end - body.sent();
    if (most == 0 && !body.ended()) return SendResult::yield;
    iovec vector[kMaxVector];
    char gathered[kGathered];
    const size_t head = gather(vector, head_vectors(body, vector), gathered, sizeof gathered);
    const size_t before = head + (chunks_ ? 1 : 0);
    const uint64_t size = chunks_ && chunks_->left() > 0 ? std::min(most, chunks_->left()) : most;
    const BodyNext next = body.next(vector + before, kMaxVector - before, size, now);
    if (next.kind == BodyNext::cold) return SendResult::cold;
    if (next.kind == BodyNext::broken) return SendResult::broken;
    const size_t count = head + (chunks_ ? frame(vector + head, next) : next.count);
    if (count > 0) {
      const bool waits = next.waits || next.kind == BodyNext::awaited;
      const bool ends = !chunks_ || chunks_->over();
      const bool more = !waits && (next.kind == BodyNext::file || next.more || !ends || follows);
      const Io io = stream.send_vector(vector, count, more);
      // A short write means a full stream, or a fault that the next attempt will name.
      if (io.result == Io::moved) {
        advance(body, io.bytes);
        continue;
      }
      if (io.result == Io::again) return SendResult::again;
      if (io.result != Io::faulted) return SendResult::gone;
      body.fail(FileFault::truncated, 0);
      return SendResult::broken;
    }
    if (next.kind == BodyNext::awaited) return SendResult::awaited;
    if (next.kind == BodyNext::done) return SendResult::done;
    const SendResult file = send_file(stream, body, size, now);
    if (file != SendResult::done) return file;
  }
}

// Done: go on.
SendResult Transmission::send_file(Stream& stream, BodySource& body, uint64_t most, int64_t now) {
  const BodyNext next = body.next_of_file(most, now);
  if (next.kind == BodyNext::cold) return SendResult::cold;
  if (next.kind == BodyNext::held) {
    const std::optional<size_t> unacknowledged = stream.unacknowledged();
    if (!unacknowledged) return SendResult::gone;
    if (*unacknowledged > 0) return SendResult::unacked;
    body.confirm();
    return SendResult::done;
  }
  const Io io = stream.send_file(*next.source, next.span.start, next.span.end - next.span.start);
  switch (io.result) {
    case Io::moved:
      advance(body, io.bytes);
      return SendResult::done;
    case Io::again:
      return SendResult::again;
    case Io::refused:
      body.refuse();
      return SendResult::done;
    case Io::truncated:
      body.fail(FileFault::truncated, 0);
      return SendResult::broken;
    case Io::failed:
      body.fail(FileFault::failed, io.error);
      return SendResult::broken;
    default:
      return SendResult::gone;
  }
}

void Transmission::advance(BodySource& body, uint64_t bytes) {
  const uint64_t of_head = std::min(bytes, head_size_ - head_sent_);
  head_sent_ += of_head;
  const uint64_t behind = bytes - of_head;
  body.advance(chunks_ ? chunks_->advance(behind) : behind);
}

}  // namespace zc
