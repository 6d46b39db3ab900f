// Reads a request body to its end and drops it: known length, or the chunked coding of RFC 9112 §7.1.
#include "body_drain.h"

#include <algorithm>

#include "http_bytes.h"

namespace zc {

namespace {

constexpr uint8_t kMaxSizeDigits = 16;  // What a uint64_t holds.

bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

}  // namespace

void BodyDrain::start(bool chunked, uint64_t content_length, uint64_t limit) {
  *this = BodyDrain();
  phase_ = chunked ? Phase::size : Phase::content;
  chunked_ = chunked;
  remaining_ = chunked ? 0 : content_length;
  allowance_ = limit;
}

DrainResult BodyDrain::consume(std::string_view data, size_t& used) {
  used = 0;
  for (;;) {
    if (phase_ == Phase::content) {
      if (remaining_ > allowance_) return DrainResult::too_large;
      const size_t skipped = static_cast<size_t>(std::min<uint64_t>(remaining_, data.size() - used));
      used += skipped;
      remaining_ -= skipped;
      allowance_ -= skipped;
      if (remaining_ > 0) return DrainResult::more;
      phase_ = chunked_ ? Phase::content_cr : Phase::done;
    }
    if (phase_ == Phase::done) return DrainResult::done;
    if (used == data.size()) return DrainResult::more;
    const DrainResult result = step(data[used++]);
    if (result != DrainResult::more) return result;
  }
}

// One byte of chunk framing. More means that it fits the grammar.
DrainResult BodyDrain::step(char byte) {
  switch (phase_) {
    case Phase::size: {
      const int value = hex_value(byte);
      if (value >= 0) {
        remaining_ = remaining_ * 16 + static_cast<unsigned>(value);
        return expect(++digits_ <= kMaxSizeDigits, Phase::size);
      }
      if (digits_ == 0) return DrainResult::bad;
      if (byte == '\r') return expect(true, Phase::size_lf);
      phase_ = byte == ';' ? Phase::extension : Phase::before_extension;
      return decorate(byte == ';' || is_blank(byte));
    }
    case Phase::before_extension:
      if (byte == ';') phase_ = Phase::extension;
      return decorate(byte == ';' || is_blank(byte));
    case Phase::extension:
      if (byte == '\r') return expect(true, Phase::size_lf);
      return decorate(is_in(byte, kValueByte));
    case Phase::size_lf:
      digits_ = 0;
      return expect(byte == '\n', remaining_ == 0 ? Phase::trailer_start : Phase::content);
    case Phase::content_cr:
      return expect(byte == '\r', Phase::content_lf);
    case Phase::content_lf:
      return expect(byte == '\n', Phase::size);
    case Phase::trailer_start:
      if (byte == '\r') return expect(true, Phase::end_lf);
      phase_ = Phase::trailer_name;
      return decorate(is_in(byte, kTokenByte));
    case Phase::trailer_name:
      if (byte == ':') phase_ = Phase::trailer_value;
      return decorate(byte == ':' || is_in(byte, kTokenByte));
    case Phase::trailer_value:
      if (byte == '\r') return expect(true, Phase::trailer_lf);
      return decorate(is_in(byte, kValueByte));
    case Phase::trailer_lf:
      return expect(byte == '\n', Phase::trailer_start);
    case Phase::end_lf:
      return expect(byte == '\n', Phase::done);
    case Phase::content:
    case Phase::done:
      break;
  }
  return DrainResult::bad;
}

DrainResult BodyDrain::expect(bool fits, Phase next) {
  phase_ = next;
  return fits ? DrainResult::more : DrainResult::bad;
}

DrainResult BodyDrain::decorate(bool fits) {
  if (!fits) return DrainResult::bad;
  return ++decoration_ > kMaxDecoration ? DrainResult::too_large : DrainResult::more;
}

}  // namespace zc
