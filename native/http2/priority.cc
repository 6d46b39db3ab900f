#include "http2/priority.h"

#include <algorithm>

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

void EarlyPriorities::keep(uint32_t number, Priority priority, uint32_t opened) {
  drop(opened);
  const auto found = find(number);
  if (found == kept_.end()) kept_.push_back({number, priority});
  else found->priority = priority;
}

std::optional<Priority> EarlyPriorities::take(uint32_t number) {
  const auto found = find(number);
  const auto taken = found == kept_.end() ? std::nullopt : std::optional(found->priority);
  drop(number);
  return taken;
}

std::vector<EarlyPriorities::Early>::iterator EarlyPriorities::find(uint32_t number) {
  return std::find_if(kept_.begin(), kept_.end(), [number](const Early& early) { return early.number == number; });
}

void EarlyPriorities::drop(uint32_t last) {
  const auto is_over = [last](const Early& early) { return early.number <= last; };
  kept_.erase(std::remove_if(kept_.begin(), kept_.end(), is_over), kept_.end());
}

}  // namespace zc
