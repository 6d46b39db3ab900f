#include "http2/priority.h"

#include "http/grammar.h"

namespace zc {

// A Dictionary (RFC 8941 §3.2) of which two members are read; the last of equal ones counts.
Priority read_priority(std::string_view value) {
  Priority priority{3, false};
  while (!value.empty()) {
    std::string_view member = next_element(value);
    member = member.substr(0, member.find(';'));
    if (member.size() == 3 && member.substr(0, 2) == "u=" && member[2] >= '0' && member[2] <= '7') {
      priority.urgency = static_cast<uint8_t>(member[2] - '0');
    } else if (member == "i" || member == "i=?1") {
      priority.incremental = true;
    } else if (member == "i=?0") {
      priority.incremental = false;
    }
  }
  return priority;
}

}  // namespace zc
