#include "http2/streams.h"

#include <algorithm>

#include "http2/limits.h"

namespace zc {
namespace {

// Of an idle connection: those that a page's next requests take.
constexpr size_t kSpare = 4;
// A client may open as many more as it is allowed before it hears that it must not.
constexpr size_t kRemembered = kMaxStreams + 28;

bool is_before(const std::unique_ptr<Http2Stream>& stream, uint32_t number) { return stream->number < number; }

}  // namespace

Http2Stream* Http2Streams::find(uint32_t number) const {
  const auto found = std::lower_bound(open_.begin(), open_.end(), number, is_before);
  return found != open_.end() && (*found)->number == number ? found->get() : nullptr;
}

Http2Stream& Http2Streams::open(uint32_t number) {
  if (spare_.empty()) spare_.push_back(std::make_unique<Http2Stream>(connection_));
  Http2Stream& stream = *open_.emplace_back(std::move(spare_.back()));
  spare_.pop_back();
  static_cast<StreamState&>(stream) = {};
  stream.number = number;
  return stream;
}

void Http2Streams::close(Http2Stream& stream) {
  const auto found = std::lower_bound(open_.begin(), open_.end(), stream.number, is_before);
  if (spare_.size() < kSpare) spare_.push_back(std::move(*found));
  open_.erase(found);
}

void Http2Streams::remember_reset(uint32_t number) {
  if (reset_.size() < kRemembered) {
    reset_.push_back(number);
    return;
  }
  reset_[next_reset_] = number;
  next_reset_ = (next_reset_ + 1) % kRemembered;
}

bool Http2Streams::was_reset(uint32_t number) const {
  return std::find(reset_.begin(), reset_.end(), number) != reset_.end();
}

}  // namespace zc
