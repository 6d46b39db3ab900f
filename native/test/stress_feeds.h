// Bodies that the stress program's owner makes while they are sent: bytes of a file, and spans of it, some of which come to no
// end.
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
  Feeds(Random& random, const Site& site) : random_(random), site_(site) {}

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
    feeding_[id] = {file, start, end, kRoom, site_.open(file)};
    if (random_.one_in(4)) posix_fadvise(feeding_[id].opened->fd(), 0, 0, POSIX_FADV_DONTNEED);
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
    found->second.room += static_cast<int64_t>(record.bytes);
    require(found->second.room <= kRoom, "no more has left than was made");
    go_on(engine, id);
  }

 private:
  static constexpr int64_t kRoom = 100'000;

  struct Feeding {
    size_t file = 0, at = 0, end = 0;
    int64_t room = 0;
    Ref<File> opened;
    bool finished = false;
  };

  void go_on(Engine& engine, uint64_t id) {
    Feeding& feeding = feeding_[id];
    while (feeding.at < feeding.end && feeding.room > 0) {
      const size_t left = feeding.end - feeding.at;
      const bool of_file = random_.one_in(2);
      const size_t size = std::min(left, 1 + random_.below(of_file && random_.one_in(2) ? 1'000'000 : 40'000));
      engine.feed({id}, of_file ? FeedPiece(feeding.opened, {feeding.at, feeding.at + size}) : made(feeding, size));
      feeding.at += size;
      feeding.room -= static_cast<int64_t>(size);
    }
    if (feeding.at < feeding.end || std::exchange(feeding.finished, true)) return;
    const size_t whole = kSizes[feeding.file];
    // What the file has not is not made up for.
    if (feeding.end < whole && random_.one_in(2)) engine.feed({id}, {feeding.opened, {whole, whole + 1}});
    else engine.finish_feed(id, feeding.end == whole);
  }

  static FeedPiece made(const Feeding& feeding, size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = byte_of(feeding.file, feeding.at + i);
    return Ref<Memory>(new HeapBytes(std::move(bytes)));
  }

  Random& random_;
  const Site& site_;
  std::unordered_map<uint64_t, Feeding> feeding_;
};

}  // namespace zc::stress
