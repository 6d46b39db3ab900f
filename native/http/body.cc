#include "http/body.h"

#include <algorithm>

namespace zc {
namespace {

// One window of strategy read: the size at which copying costs more than the two system calls.
constexpr uint64_t kWindow = 128 << 10;
// Asked of the disk at once for a cold span: long enough to stream, short enough to keep the first byte near.
constexpr uint64_t kColdSpan = 512 << 10;
// A mapping is copied by one call of at most this much.
constexpr uint64_t kMappedPiece = 512 << 10;

bool holds(ByteSpan span, uint64_t at) { return at >= span.start && at < span.end; }

}  // namespace

void BodySource::start(Ref<const Reply> reply, bool empty, bool takes_files, bool holds_last) {
  reply_ = std::move(reply);
  index_ = 0;
  offset_ = sent_ = 0;
  probed_ = {};
  if (window_) window_->aim({}, false);
  empty_ = empty || reply_->way == Way::none;
  feed_ = !empty_ && reply_->way == Way::feed ? std::make_unique<Feed>() : nullptr;
  takes_files_ = takes_files;
  refused_ = reply_->way == Way::sendfile && reply_->file->refused();
  // Parts end in memory, where no byte of the file is left to hold back: they take the way that checks by itself.
  const bool held = holds_last && reply_->way == Way::sendfile;
  holds_last_ = held && reply_->parts.empty();
  reads_ = refused_ || reply_->way == Way::read || !takes_files || (held && !holds_last_);
  fault_ = FileFault::none;
  faulty_ = {};
  piece_changed_ = false;
}

void BodySource::clear() {
  reply_ = {};
  window_ = {};
  cold_file_ = faulty_ = {};
  feed_ = {};
}

Way BodySource::way() const {
  if (empty_) return Way::none;
  const bool reads = refused_ || (!takes_files_ && needs_file(*reply_));
  return reads ? Way::read : reply_->way;
}

BodySource::Segment BodySource::span_segment(ByteSpan span) const {
  const uint64_t size = span.end - span.start;
  const Memory* memory = reply_->memory.get();
  const bool mapped = memory && memory->mapped_file();
  const File* file = reply_->source();
  if (!memory || (mapped && !takes_files_)) return {nullptr, size, span.start, true, false, reads_, file};
  return {memory->data() + span.start, size, span.start, true, mapped, false, file};
}

BodySource::Segment BodySource::piece_segment(const FeedPiece& piece) const {
  if (piece.memory) return {piece.memory->data(), piece.memory->size(), 0, true};
  const File& file = *piece.file;
  const bool reads = !takes_files_ || !piece.by_descriptor || file.refused();
  return {nullptr, piece.size(), piece.span.start, true, false, reads, &file};
}

// Of the last byte that is a file's.
uint64_t BodySource::file_end() const { return reply_->parts.empty() ? reply_->span.end : reply_->parts.back().span.end; }

BodySource::Segment BodySource::segment(size_t index) const {
  if (empty_) return {};
  if (feed_) {
    const FeedPiece* piece = feed_->piece(index);
    return piece ? piece_segment(*piece) : Segment{};
  }
  if (reply_->parts.empty()) return index == 0 ? span_segment(reply_->span) : Segment{};
  if (index / 2 < reply_->parts.size()) {
    const ReplyPart& part = reply_->parts[index / 2];
    return index % 2 == 0 ? Segment{part.head.data(), part.head.size(), 0, true} : span_segment(part.span);
  }
  if (index == reply_->parts.size() * 2) return {reply_->tail.data(), reply_->tail.size(), 0, true};
  return {};
}

bool BodySource::ended() const {
  if (feeds()) return false;
  uint64_t offset = offset_;
  for (size_t index = index_;; ++index, offset = 0) {
    const Segment part = segment(index);
    if (!part.exists) return true;
    if (offset < part.size) return false;
  }
}

BodyNext BodySource::next(iovec* to, size_t room, uint64_t size, int64_t now) {
  if (feed_) {
    if (feed_->failed()) return broken(FileFault::failed, 0);
    if (piece_changed_) return broken(FileFault::changed, 0, faulty_.get());
    feed_->settle();
  }
  BodyNext next{BodyNext::memory};
  size_t index = index_;
  uint64_t offset = offset_;
  bool window_in_use = false;
  Segment part = segment(index);
  for (; part.exists && next.count < room && size > 0; part = segment(++index), offset = 0) {
    if (offset == part.size) continue;
    const uint64_t at = part.file_offset + offset;
    const char* data = part.data ? part.data + offset : nullptr;
    uint64_t length = std::min(part.size - offset, size);
    if (part.mapped) {
      // The kernel copies from it, and would wait here for pages that are not in memory.
      if (!holds(probed_, at) && !probe(*part.file, {at, at + std::min(length, kMappedPiece)}, now)) return {BodyNext::cold};
      length = std::min(length, probed_.end - at);
    } else if (!data) {
      // A window is of one piece of a feed: the next may be another file's.
      if (!part.reads || (feed_ && window_in_use)) break;
      if (!window_ || !window_->holds(at)) {
        if (window_in_use) break;
        const BodyNext loaded = load_window(part, at, length, now);
        // What is made for a reader that waits does not wait for the disk behind it.
        if (feed_ && next.count > 0 && loaded.kind == BodyNext::cold) break;
        if (loaded.kind != BodyNext::memory) return loaded;
      }
      window_in_use = true;
      data = window_->at(at);
      length = std::min(length, window_->span().end - at);
    }
    to[next.count++] = {const_cast<char*>(data), length};
    size -= length;
    if (length < part.size - offset) break;
  }
  next.waits = !part.exists && feeds();
  next.more = part.exists || next.waits;
  if (next.count > 0) return next;
  // Empty segments are passed over here so that the end is seen.
  index_ = index;
  offset_ = offset;
  if (next.waits) return {BodyNext::awaited};
  if (!part.exists) return finish();
  next.kind = BodyNext::file;
  next.source = part.file;
  next.span = {part.file_offset + offset, part.file_offset + part.size};
  return next;
}

BodyNext BodySource::next_of_file(uint64_t size, int64_t now) {
  const Segment current = segment(index_);
  const uint64_t at = current.file_offset + offset_;
  const uint64_t left = current.size - offset_ - (holds_last_ ? 1 : 0);
  if (left == 0) return {BodyNext::held};
  const uint64_t length = std::min(left, size);
  if (!holds(probed_, at) && !probe(*current.file, {at, at + length}, now)) return {BodyNext::cold};
  BodyNext next{BodyNext::file};
  next.source = current.file;
  next.span = {at, std::min(at + length, probed_.end)};
  return next;
}

// False: its beginning may have to be waited for, and `wanted` says how much at a time.
bool BodySource::probe(const File& file, ByteSpan asked, int64_t now) {
  const ByteSpan span = file.stretches(asked);
  const bool resident = file.resident(span, now);
  if (resident) {
    probed_ = span;
    return true;
  }
  cold_ = {span.start, std::min(span.start + kColdSpan, span.end)};
  cold_file_ = Ref<const File>(&file);
  cold_window_ = false;
  return false;
}

PageIn BodySource::wanted() const {
  return {cold_file_, cold_, cold_window_ ? window_ : Ref<Window>()};
}

void BodySource::set_paged(int64_t now) {
  const ByteSpan here = cold_window_ ? window_->span() : cold_;
  if (!cold_window_) probed_ = here;
  cold_file_->set_resident(here, now);
}

// No more than is wanted: where a peer takes little at a time, what lies read and waits is little too.
BodyNext BodySource::load_window(const Segment& part, uint64_t at, uint64_t most, int64_t now) {
  const File& file = *part.file;
  const uint64_t end = part.file_offset + part.size;
  // A small file is read whole before its head leaves, so that a change can still be refused.
  const uint64_t size = std::min({end - at, kWindow, most});
  const bool paged = window_ && window_->io().result != Io::again && window_->span().start == at;
  if (!paged) {
    if (!window_ || window_->capacity() < size) window_ = make_ref<Window>(size);
    // The last bytes are withheld unless all bytes were of one version: no mixed body is ever complete.
    window_->aim({at, at + size}, at + size == (feed_ ? end : file_end()));
    cold_ = {at, std::min(end, at + kColdSpan)};
    cold_file_ = Ref<const File>(&file);
    cold_window_ = true;
    // On a remote volume even a look may hang.
    if (file.volume() == Volume::remote) return {BodyNext::cold};
    const bool believed = holds(probed_, at) || (!file.probeable() && file.seen_resident({at, at + size}, now));
    window_->load(file, !believed);
    if (window_->io().result == Io::refused) file.set_unprobeable();
  }
  switch (window_->io().result) {
    case Io::moved:
      return window_->unchanged() ? BodyNext{BodyNext::memory} : broken(FileFault::changed, 0, &file);
    case Io::cold:
    case Io::refused:
      return {BodyNext::cold};
    case Io::truncated:
      return broken(FileFault::truncated, 0, &file);
    default:
      return broken(FileFault::failed, window_->io().error, &file);
  }
}

void BodySource::confirm() {
  holds_last_ = false;
  // The last byte goes by reading, which looks at the file again before it lets the byte go.
  reads_ = true;
  probed_ = {reply_->span.end - 1, reply_->span.end};
}

void BodySource::refuse() {
  segment(index_).file->set_refused();
  // The pieces of a feed ask their files.
  if (feed_) return;
  reads_ = refused_ = true;
  holds_last_ = false;
}

BodyNext BodySource::finish() {
  const File* source = empty_ ? nullptr : reply_->source();
  // Reading has looked at the file before it let the last bytes go.
  if (source && !reads_ && sent_ > 0 && !source->unchanged(file_end())) return broken(FileFault::changed, 0);
  return {BodyNext::done};
}

void BodySource::advance(uint64_t bytes) {
  sent_ += bytes;
  while (bytes > 0) {
    const Segment current = segment(index_);
    const uint64_t step = std::min(bytes, current.size - offset_);
    offset_ += step;
    bytes -= step;
    if (feed_ && current.file) feed_->note_file(step, current.reads);
    if (offset_ == current.size) {
      if (feed_) end_piece(current);
      else ++index_;
      offset_ = 0;
    }
  }
}

// The next one is the first then, and may be another file's.
void BodySource::end_piece(const Segment& piece) {
  if (piece.file) {
    // Reading has looked at it before.
    if (!piece.reads && !piece.file->unchanged(piece.file_offset + piece.size)) {
      piece_changed_ = true;
      faulty_ = Ref<const File>(piece.file);
    }
    probed_ = {};
    if (window_) window_->aim({}, false);
  }
  feed_->drop_first();
}

void BodySource::fail(FileFault fault, int error) {
  fault_ = fault;
  fault_error_ = error;
  if (feed_) faulty_ = Ref<const File>(segment(index_).file);
}

BodyNext BodySource::broken(FileFault fault, int error, const File* file) {
  if (feed_) faulty_ = Ref<const File>(file);
  fault_ = fault;
  fault_error_ = error;
  return {BodyNext::broken};
}

}  // namespace zc
