// Which answer goes first. RFC 9218.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace zc {

struct Priority {
  static constexpr uint8_t kUrgencies = 8;

  uint8_t urgency = 3;
  /** Shares with others of its urgency. Who says nothing shares too: a large answer must not hold up the rest. */
  bool incremental = true;
};

/** A Priority field value (§4, §5); what is not understood is as if it were not there. */
Priority read_priority(std::string_view value);

/** What was said of streams before their requests (§7.1). */
class EarlyPriorities {
 public:
  /** The last word counts. `opened`: the highest stream so far; what was said of it and those below it is over. */
  void keep(uint32_t number, Priority priority, uint32_t opened);
  size_t size() const { return kept_.size(); }
  /** The stream's request is here. Those below it have none and never will (RFC 9113 §5.1.1). */
  std::optional<Priority> take(uint32_t number);

 private:
  struct Early {
    uint32_t number;
    Priority priority;
  };

  std::vector<Early>::iterator find(uint32_t number);
  void drop(uint32_t last);

  std::vector<Early> kept_;
};

}  // namespace zc
