// What engine threads tell the JavaScript thread: records, in batches, one wake-up per batch.
#pragma once
#include <functional>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/emptied.h"
#include "http/request.h"

namespace zc {

/**
 * request: id, asked: to be answered by Engine::reply; code = 1: the path was asked for before; its content, where that is
 * not here, comes by Engine::receive · stale: text = path of a
 * hot entry whose evidence no longer holds; it is removed · file_fault: text = file (UTF-8), code = FileFault, error: a send was cut off · refused: text =
 * file (UTF-8): the kernel refused sendfile, it was read instead · transfer_end: id, bytes, code = ExchangeEnd ·
 * accept_paused: error: out of descriptors; clients wait in the backlog · stopped: the thread's last connection is
 * gone · root: the root's path may name another directory: Engine::set_root answers · directory: text = path of one whose
 * names are to be read; code = 1: of one that is no longer what it was, it is removed · kept: text = path of a directory
 * of which the first file is kept · unproxied: code = Unproxied: a client that no proxy has introduced was turned away ·
 * retired: the thread accepts nobody more · drained: id, bytes: so much of a feed has left · feed_end: id, code = ExchangeEnd:
 * nobody takes more of it · received: id, code = Received, text = content: what Engine::receive asked for · gone: id: of Engine::watch, nobody
 * waits for the answer any more.
 */
#define ZC_RECORDS(X)                                                                                        \
  X(request, "request") X(stale, "stale") X(file_fault, "file-fault") X(refused, "refused")                  \
  X(transfer_end, "transfer-end") X(accept_paused, "accept-paused") X(stopped, "stopped") X(root, "root") \
  X(directory, "directory") X(kept, "kept") X(unproxied, "unproxied") X(retired, "retired") \
  X(drained, "drained") X(feed_end, "feed-end") X(received, "received") X(gone, "gone")

/** What was wrong with a client of a listener that takes those of proxies. */
#define ZC_UNPROXIED(X) X(stranger, "stranger") X(header, "header")
enum class Unproxied : uint8_t { ZC_UNPROXIED(ZC_ENUMERATOR) };
constexpr const char* kUnproxiedNames[] = {ZC_UNPROXIED(ZC_TEXT)};

struct Record {
  enum Kind : uint8_t { ZC_RECORDS(ZC_ENUMERATOR) };
  static constexpr const char* kNames[] = {ZC_RECORDS(ZC_TEXT)};

  Kind kind;
  double id = 0;
  uint32_t code = 0;
  uint32_t site = 0;  // of requests, files and directories
  int error = 0;
  double bytes = 0;
  std::string text;
  Request asked = {};
};

/** Those of one turn of a thread. */
class Records {
 public:
  Record& add(Record::Kind kind) {
    Record& record = records_.emplace_back();
    record.kind = kind;
    return record;
  }
  std::vector<Record>& list() { return records_; }

 private:
  std::vector<Record> records_;
};

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
    if (records.empty()) return;
    const std::lock_guard lock(mutex_);
    const bool first = records_.empty();
    if (wake_) std::move(records.begin(), records.end(), std::back_inserter(records_));
    empty(records);
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
