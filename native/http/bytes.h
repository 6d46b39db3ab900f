// Byte classes of the grammar that HTTP versions share, and the skipping of their runs.
#pragma once

#include <array>
#include <cstdint>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace zc {

enum ByteClass : uint8_t {
  kTokenByte = 1,    // tchar, RFC 9110 §5.6.2
  kTargetByte = 2,   // printable ASCII but '#', see parse_head
  kValueByte = 4,    // field-vchar (obs-text too), SP and HTAB, RFC 9110 §5.5
  kRegNameByte = 8,  // unreserved / sub-delims, RFC 3986 §3.2.2 ("%XX" is judged apart)
};

constexpr bool is_alphanumeric(unsigned byte) {
  return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

constexpr bool is_one_of(unsigned byte, const char* set) {
  for (; *set != '\0'; ++set) {
    if (byte == static_cast<unsigned char>(*set)) return true;
  }
  return false;
}

constexpr std::array<uint8_t, 256> classify_bytes() {
  std::array<uint8_t, 256> classes{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    uint8_t bits = 0;
    if (is_alphanumeric(byte) || is_one_of(byte, "!#$%&'*+-.^_`|~")) bits |= kTokenByte;
    if (byte > 0x20 && byte < 0x7f && byte != '#') bits |= kTargetByte;
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) bits |= kValueByte;
    if (is_alphanumeric(byte) || is_one_of(byte, "-._~!$&'()*+,;=")) bits |= kRegNameByte;
    classes[byte] = bits;
  }
  return classes;
}

inline constexpr std::array<uint8_t, 256> kByteClasses = classify_bytes();

inline bool is_in(char byte, ByteClass wanted) {
  return (kByteClasses[static_cast<unsigned char>(byte)] & wanted) != 0;
}

// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// skip, skip_target, skip_name and skip_value return the first byte from `at` that is not of the class, or end.
inline const char* skip(const char* at, const char* end, ByteClass wanted) {
  while (at < end && is_in(*at, wanted)) ++at;
  return at;
}

#if defined(__SSE2__)
// Sixteen bytes a turn; the rest, and other processors, take the table.
template <typename Refuse>
inline const char* skip_blocks(const char* at, const char* end, ByteClass wanted, Refuse refuse) {
  for (; end - at >= 16; at += 16) {
    const int refused = _mm_movemask_epi8(refuse(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
    if (refused != 0) return at + __builtin_ctz(refused);
  }
  return skip(at, end, wanted);
}

inline __m128i is_byte(__m128i bytes, char byte) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)); }

inline const char* skip_target(const char* at, const char* end) {
  return skip_blocks(at, end, kTargetByte, [](__m128i bytes) {
    const __m128i outside = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));  // Signed: the bytes from 0x80 on too.
    return _mm_or_si128(outside, _mm_or_si128(is_byte(bytes, '#'), is_byte(bytes, 0x7f)));
  });
}

// Names are letters and '-' as a rule; the table goes on from any other byte.
inline const char* skip_name(const char* at, const char* end) {
  at = skip_blocks(at, end, kTokenByte, [](__m128i bytes) {
    const __m128i from_a = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    const __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8(25)), from_a);
    return _mm_cmpeq_epi8(_mm_or_si128(letter, is_byte(bytes, '-')), _mm_setzero_si128());
  });
  return skip(at, end, kTokenByte);
}

inline const char* skip_value(const char* at, const char* end) {
  return skip_blocks(at, end, kValueByte, [](__m128i bytes) {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    return _mm_or_si128(_mm_andnot_si128(is_byte(bytes, '\t'), control), is_byte(bytes, 0x7f));
  });
}
#else
inline const char* skip_name(const char* at, const char* end) { return skip(at, end, kTokenByte); }
inline const char* skip_target(const char* at, const char* end) { return skip(at, end, kTargetByte); }
inline const char* skip_value(const char* at, const char* end) { return skip(at, end, kValueByte); }
#endif

}  // namespace zc
