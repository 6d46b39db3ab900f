// What engine threads tell the JavaScript thread: records, in batches, one wake-up per batch.
#pragma once
#include <functional>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http1/parser.h"

namespace zc {

struct Record {
  // The values are shared with transport/engine/engine.ts.
  enum Kind : uint8_t {
    request = 1,        // id, method, target, fields: to be answered by Engine::reply
    stale = 2,          // text = path of a hot entry whose evidence no longer holds; it is removed
    file_fault = 3,     // text = file (UTF-8), code = FileFault, error: a send was cut off
    refused = 4,        // text = file (UTF-8): the kernel refused sendfile, it was read instead
    transfer_end = 5,   // id, bytes, code = TransferEnd
    accept_paused = 6,  // error: out of descriptors; clients wait in the backlog
    stopped = 7,        // the thread's last connection is gone
    root = 8,           // the root's path may name another directory: Engine::set_root answers
  };
  Kind kind;
  double id = 0;
  uint32_t code = 0;
  int error = 0;
  double bytes = 0;
  std::string method, text;
  std::vector<std::pair<Field, std::string>> fields;
};

enum class TransferEnd : uint8_t { done, file_fault, gone, cancelled, timed_out };

class Outbox {
 public:
  explicit Outbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  /** Nobody takes records any more: no call of `wake` is under way when this returns, and none follows. */
  void shut() {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
  }

  /** Moves the records over; `records` is empty afterwards. */
  void post(std::vector<Record>& records) {
    const std::lock_guard lock(mutex_);
    const bool first = records_.empty();
    if (wake_) std::move(records.begin(), records.end(), std::back_inserter(records_));
    records.clear();
    if (first && wake_) wake_();
  }

  std::vector<Record> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(records_, {});
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Record> records_;
};

}  // namespace zc
