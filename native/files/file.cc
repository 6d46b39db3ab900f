#include "files/file.h"

namespace zc {
namespace {

// Pages that were just used are not reclaimed at once; a wrong guess costs one wait for the disk. It spares a hot file
// the system calls of asking, and on overlayfs, which cannot be asked, the way through the pager.
constexpr int64_t kResidentFor = 1000;  // ms

}  // namespace

bool File::resident(ByteSpan stretches, int64_t now) const {
  if (seen_resident(stretches, now)) return true;
  if (!probeable()) return false;
  switch (probe_residency(fd_.get(), stretches.start, stretches.end)) {
    case Residency::resident:
      set_resident(stretches, now);
      return true;
    case Residency::unknown:
      set_unprobeable();
      return false;
    case Residency::cold:
      return false;
  }
  return false;
}

bool File::seen_resident(ByteSpan stretches, int64_t now) const {
  if (volume_ == Volume::memory) return true;
  for (uint64_t i = stretches.start / kStretch; i * kStretch < stretches.end; ++i) {
    if (i >= stretches_ || now >= resident_until_[i].load(std::memory_order_relaxed)) return false;
  }
  return true;
}

void File::set_resident(ByteSpan span, int64_t now) const {
  if (volume_ == Volume::remote) return;
  for (uint64_t i = (span.start + kStretch - 1) / kStretch; i < stretches_; ++i) {
    const uint64_t end = (i + 1) * kStretch;
    if ((grows_ ? end : std::min(end, stat_.size)) > span.end) return;
    resident_until_[i].store(now + kResidentFor, std::memory_order_relaxed);
  }
}

bool File::read_now(char* to, ByteSpan span, int64_t now) const { return fill_now(to, span, now) && unchanged(span.end); }

std::optional<std::string> File::content_now(int64_t now) const {
  std::string bytes(stat_.size, '\0');
  if (!fill_now(bytes.data(), {0, bytes.size()}, now) || !is_current()) return std::nullopt;
  return bytes;
}

bool File::fill_now(char* to, ByteSpan span, int64_t now) const {
  const bool nowait = !seen_resident(stretches(span), now);
  if (nowait && !probeable()) return false;
  for (uint64_t at = span.start; at < span.end;) {
    const Io io = read_at(fd_.get(), to + (at - span.start), span.end - at, at, nowait);
    if (io.result == Io::refused) set_unprobeable();
    if (io.result != Io::moved) return false;
    at += io.bytes;
  }
  return true;
}

}  // namespace zc
