// The content of requests in the stress program: what its clients send, and its owner receives or leaves.
#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/engine.h"
#include "test/random.h"
#include "test/stress_site.h"

namespace zc::stress {

/** Each byte by its place. */
inline std::string content_of(size_t size) {
  std::string bytes(size, '\0');
  for (size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 31 + at / 256);
  return bytes;
}

class Contents {
 public:
  explicit Contents(Random& random) : random_(random) {}

  /** A request. True: it is answered when `hear` or `give_up` says so. */
  bool ask(Engine& engine, const Record& record) {
    const Content& content = record.asked.content;
    if (content.is_here) check(content.bytes);
    if (content.length == 0 || content.is_here || random_.one_in(4)) return false;
    const auto id = static_cast<uint64_t>(record.id);
    engine.receive(id, random_.one_in(3) ? random_.below(2000) : 1 << 20);
    // A second time, and of one that never was: there is nothing for them.
    if (random_.one_in(20)) engine.receive(id, 1);
    if (random_.one_in(20)) engine.receive(random_.below(uint64_t{1} << 53), 1);
    awaited_.insert(id);
    return true;
  }

  /** What became of one's content. True: it is to be answered now. */
  bool hear(const Record& record) {
    if (record.code == static_cast<uint32_t>(Received::whole)) {
      check(record.text);
      ++received;
    }
    return awaited_.erase(static_cast<uint64_t>(record.id)) > 0;
  }

  /** Some that are to be answered although it is not here: of some it never will be. */
  std::vector<uint64_t> give_up() {
    std::vector<uint64_t> ids;
    for (const uint64_t id : awaited_) {
      if (random_.one_in(20)) ids.push_back(id);
    }
    for (const uint64_t id : ids) awaited_.erase(id);
    return ids;
  }

  bool waits() const { return !awaited_.empty(); }

  size_t received = 0;

 private:
  static void check(const std::string& bytes) { require(bytes == content_of(bytes.size()), "content is what was sent"); }

  Random& random_;
  std::unordered_set<uint64_t> awaited_;
};

}  // namespace zc::stress
