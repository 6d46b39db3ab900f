// Frames as a client writes them, for the programs beside this file. RFC 9113, RFC 7541.
#pragma once
#include <string>
#include <string_view>

#include "http2/frame.h"

namespace zc {

inline std::string frame(FrameType type, unsigned flags, uint32_t stream, std::string_view payload) {
  std::string bytes(kFrameHeadSize, '\0');
  write_frame_head(bytes.data(), {static_cast<uint32_t>(payload.size()), type, static_cast<uint8_t>(flags), stream});
  return bytes.append(payload);
}

inline std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/** The client takes so much of each stream before it says that it takes more (§6.5.2). */
inline std::string initial_window(uint32_t bytes) {
  return frame(FrameType::settings, 0, 0, std::string("\0\4", 2) + big_endian(bytes));
}

inline std::string text(std::string_view value) { return static_cast<char>(value.size()) + std::string(value); }
/** A field line of short texts that nobody keeps (RFC 7541 §6.2.2). */
inline std::string line(std::string_view name, std::string_view value) { return '\0' + text(name) + text(value); }

}  // namespace zc
