// Reads a request body to its end: known length, or the chunked coding of RFC 9112 §7.1.
#include "http1/body_reader.h"

#include <algorithm>

#include "http/bytes.h"

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

DrainResult BodyDrain::consume(std::string_view data, size_t& used, std::string* into) {
  used = 0;
  for (;;) {
    if (phase_ == Phase::content) {
      if (remaining_ > allowance_) return DrainResult::too_large;
      const size_t taken = static_cast<size_t>(std::min<uint64_t>(remaining_, data.size() - used));
      if (into) into->append(data, used, taken);
      used += taken;
      remaining_ -= taken;
      allowance_ -= taken;
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
      return digits_ == 0 ? DrainResult::bad : follow(byte);
    }
    case Phase::before_extension:
      if (byte == ';') return enter(Phase::name_start, true);
      return decorate(is_blank(byte));
    case Phase::name_start:
      if (is_blank(byte)) return decorate(true);
      return enter(Phase::name, is_in(byte, kTokenByte));
    case Phase::name:
      if (is_in(byte, kTokenByte)) return decorate(true);
      if (byte == '=') return enter(Phase::value_start, true);
      return is_blank(byte) ? enter(Phase::after_name, true) : follow(byte);
    case Phase::after_name:
      if (is_blank(byte)) return decorate(true);
      if (byte == '=') return enter(Phase::value_start, true);
      return enter(Phase::name_start, byte == ';');
    case Phase::value_start:
      if (is_blank(byte)) return decorate(true);
      if (byte == '"') return enter(Phase::quoted, true);
      return enter(Phase::value, is_in(byte, kTokenByte));
    case Phase::value:
      return is_in(byte, kTokenByte) ? decorate(true) : follow(byte);
    case Phase::quoted:
      if (byte == '"') return enter(Phase::quoted_end, true);
      if (byte == '\\') return enter(Phase::escaped, true);
      return decorate(is_in(byte, kValueByte));
    case Phase::escaped:
      return enter(Phase::quoted, is_in(byte, kValueByte));
    case Phase::quoted_end:
      return follow(byte);
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

// The byte after a complete size, name or value.
DrainResult BodyDrain::follow(char byte) {
  if (byte == '\r') return expect(true, Phase::size_lf);
  return byte == ';' ? enter(Phase::name_start, true) : enter(Phase::before_extension, is_blank(byte));
}

DrainResult BodyDrain::enter(Phase next, bool fits) {
  phase_ = next;
  return decorate(fits);
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
