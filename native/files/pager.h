// Waits for the disk so that the engine threads don't (a cold sendfile blocks even on a non-blocking socket).
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "files/window.h"

namespace zc {

/** What a connection waits for: a span in the page cache, or in a window of its own. */
struct PageIn {
  Ref<const File> file;
  ByteSpan span;
  Ref<Window> window;  // null: all of it into the page cache
};

/** Lives as long as anybody holds it: its work may still hang in a system call when its engine has ended. */
class Pager : public RefCounted {
 public:
  /**
   * Has it read, then calls `done`, on another thread where the system has room for one. Errors show when the bytes
   * are sent. Who wants the same span of the same file as somebody before shares the wait. False, and no call, when
   * too many wait for the device.
   */
  bool page_in(PageIn wanted, std::function<void()> done);
  /** Nobody waits any more: forgets every `done`. */
  void abandon();

 private:
  using Key = std::tuple<const File*, uint64_t, uint64_t>;

  void finish(const Key& key, uint64_t device);

  std::mutex mutex_;
  std::map<Key, std::vector<std::function<void()>>> waiting_;
  std::unordered_map<uint64_t, size_t> waiters_;  // by device
  bool abandoned_ = false;
};

}  // namespace zc
