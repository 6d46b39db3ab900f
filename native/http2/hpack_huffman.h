// HPACK's Huffman code for strings. RFC 7541 §5.2, Appendix B.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace zc {

/** Bytes that the text takes when it is coded. */
size_t huffman_size(std::string_view text);

/** Writes huffman_size(text) bytes. */
void huffman_encode(std::string_view text, char* to);

/** No string of this many bytes decodes to more: the shortest code has five bits. */
constexpr size_t huffman_bound(size_t coded) { return coded * 8 / 5; }

/** Bytes of the text that it decodes to; nothing when it is broken. */
std::optional<size_t> huffman_text_size(std::string_view coded);

/** Writes the text and returns its size, which is huffman_text_size(coded). Nothing when it is broken. */
std::optional<size_t> huffman_decode(std::string_view coded, char* to);

}  // namespace zc
