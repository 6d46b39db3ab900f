// Reads a request body to its end, for somebody or so that the connection can go on (RFC 9112 §6, §7.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zc {

enum class DrainResult : uint8_t {
  more,       // All bytes were taken and the body goes on.
  done,       // The body ended within the bytes; what was not used belongs to the next request.
  too_large,  // Over a limit: answer 413 and close.
  bad,        // Not chunked coding: answer 400 and close.
};

// Chunked coding is taken as strictly as a head: CRLF only, at most sixteen hexadecimal digits, space only where an
// extension has it (RFC 9112 §7.1.1). Extensions and trailer lines are checked, then dropped.
class BodyDrain {
 public:
  // Bytes of extensions and trailer lines that one body may spend; they do not count against its limit.
  static constexpr uint32_t kMaxDecoration = 16384;

  // Begins a body as its RequestHead announces it. limit: bytes of content that it may have.
  void start(bool chunked, uint64_t content_length, uint64_t limit);

  // Takes bytes from the front of data and says in `used` how many. A body of length 0, or one over the limit, needs
  // no bytes to be known as such. After anything but more, start comes next. Content is appended to `into`, or dropped.
  DrainResult consume(std::string_view data, size_t& used, std::string* into = nullptr);

 private:
  enum class Phase : uint8_t {
    content, content_cr, content_lf,
    size, before_extension, name_start, name, after_name, value_start, value, quoted, escaped, quoted_end, size_lf,
    trailer_start, trailer_name, trailer_value, trailer_lf, end_lf,
    done,
  };

  DrainResult step(char byte);
  DrainResult follow(char byte);
  DrainResult enter(Phase next, bool fits);
  DrainResult expect(bool fits, Phase next);
  DrainResult decorate(bool fits);

  Phase phase_ = Phase::done;
  bool chunked_ = false;
  uint8_t digits_ = 0;       // of the chunk size in progress
  uint32_t decoration_ = 0;  // bytes spent
  uint64_t remaining_ = 0;   // content bytes left of the chunk, or of the body of known length
  uint64_t allowance_ = 0;   // content bytes that the body may still have
};

}  // namespace zc
