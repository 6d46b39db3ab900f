#include "http2/output.h"

#include <algorithm>

#include "http2/batch.h"

namespace zc {
namespace {

// A longer buffer is not kept for the next time.
constexpr size_t kKept = 512;

}  // namespace

Io Output::send(Stream& stream, const iovec* parts, size_t count, bool more) {
  iovec vector[Batch::kParts + 1];
  const size_t waited = size();
  size_t vectors = 0;
  if (waited > 0) vector[vectors++] = {waiting_.data() + sent_, waited};
  std::copy(parts, parts + count, vector + vectors);
  const Io io = stream.send_vector(vector, vectors + count, more);
  const size_t moved = io.result == Io::moved ? io.bytes : 0;
  sent_ += std::min(moved, waited);
  keep(parts, count, moved - std::min(moved, waited));
  return io;
}

void Output::keep(const iovec* parts, size_t count, size_t from) {
  if (empty()) {
    sent_ = 0;
    waiting_.clear();
    if (waiting_.capacity() > kKept) waiting_ = {};
  } else if (sent_ > size()) {
    waiting_.erase(0, sent_);
    sent_ = 0;
  }
  for (size_t i = 0; i < count; ++i) {
    const std::string_view part(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    waiting_.append(part.substr(std::min(from, part.size())));
    from -= std::min(from, part.size());
  }
}

}  // namespace zc
