// Which answer goes first. RFC 9218.
#pragma once
#include <cstdint>
#include <string_view>

namespace zc {

struct Priority {
  static constexpr uint8_t kUrgencies = 8;

  uint8_t urgency = 3;
  /** Shares with others of its urgency. Who says nothing shares too: a large answer must not hold up the rest. */
  bool incremental = true;
};

/** A Priority field value (§4, §5); what is not understood is as if it were not there. */
Priority read_priority(std::string_view value);

}  // namespace zc
