// Bodies that the stress program's owner makes while they are sent: bytes of a file, some of which come to no end.
#pragma once
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/engine.h"
#include "test/random.h"
#include "test/stress_site.h"

namespace zc::stress {

class Feeds {
 public:
  explicit Feeds(Random& random) : random_(random) {}

  /** The head of one that `start` makes. */
  static Ref<Reply> reply_of(size_t file, size_t start) {
    auto reply = make_ref<Reply>();
    reply->status = 200;
    reply->way = Way::feed;
    reply->fields = "File: " + std::to_string(file) + "\r\nStart: " + std::to_string(start) +
                    "\r\nLength: " + std::to_string(kSizes[file] - start) + "\r\n";
    return reply;
  }

  void start(Engine& engine, uint64_t id, size_t file, size_t start) {
    const size_t end = random_.one_in(6) ? start + random_.below(kSizes[file] - start + 1) : kSizes[file];
    feeding_[id] = {file, start, end, kRoom};
    go_on(engine, id);
  }

  void hear(Engine& engine, const Record& record) {
    const auto id = static_cast<uint64_t>(record.id);
    const auto found = feeding_.find(id);
    if (found == feeding_.end()) return;
    if (record.kind == Record::feed_end) {
      feeding_.erase(found);
      return;
    }
    found->second.room += static_cast<uint64_t>(record.bytes);
    require(found->second.room <= kRoom, "no more has left than was made");
    go_on(engine, id);
  }

 private:
  static constexpr uint64_t kRoom = 100'000;

  struct Feeding {
    size_t file = 0, at = 0, end = 0;
    uint64_t room = 0;
    bool finished = false;
  };

  void go_on(Engine& engine, uint64_t id) {
    Feeding& feeding = feeding_[id];
    while (feeding.at < feeding.end && feeding.room > 0) {
      const size_t size = std::min<size_t>({feeding.end - feeding.at, feeding.room, 1 + random_.below(40'000)});
      std::string bytes(size, '\0');
      for (size_t i = 0; i < size; ++i) bytes[i] = byte_of(feeding.file, feeding.at + i);
      engine.feed(id, Ref<Memory>(new HeapBytes(std::move(bytes))));
      feeding.at += size;
      feeding.room -= size;
    }
    if (feeding.at < feeding.end || std::exchange(feeding.finished, true)) return;
    engine.finish_feed(id, feeding.end == kSizes[feeding.file]);
  }

  Random& random_;
  std::unordered_map<uint64_t, Feeding> feeding_;
};

}  // namespace zc::stress
