// A stream that is no socket: it carries records as TLS does, takes little at a time, and sometimes has to read before
// it can write, or to write before it can read.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "net/stream.h"

namespace zc {

class RecordStream final : public Stream {
 public:
  struct Habits {
    size_t record = 700;    // bytes of one record
    int turns_before = 0;   // every so many sends it wants to read first; 0 = never
    int writes_before = 0;  // every so many receives it wants to write first
    bool full_often = false;  // every second send finds no room
  };

  explicit RecordStream(Habits habits) : habits_(habits) {}

  /** What the peer sends, a record each. */
  void deliver(std::string_view text) {
    for (size_t at = 0; at < text.size(); at += habits_.record) input.emplace_back(text.substr(at, habits_.record));
  }

  Io receive(char* to, size_t size) override {
    if (std::exchange(granted, false)) wants_write = wants_read = false;
    if (habits_.writes_before > 0 && !wants_write && ++receives_ % habits_.writes_before == 0) wants_write = true;
    if (wants_write) return again(Await::writable);
    if (input.empty()) return ended ? Io{Io::closed, 0, 0} : Io{Io::again, 0, 0};
    std::string& record = input.front();
    const size_t bytes = std::min(size, record.size());
    memcpy(to, record.data(), bytes);
    record.erase(0, bytes);
    if (record.empty()) input.pop_front();
    return {Io::moved, 0, bytes};
  }
  // A record that ended says nothing of the next one.
  bool may_hold_more(const Io& last, size_t) const override { return last.result == Io::moved; }
  Await receive_awaits() const override { return wants_write ? Await::writable : Await::readable; }

  Io send_vector(const iovec* parts, size_t count, bool more) override {
    if (std::exchange(granted, false)) wants_write = wants_read = false;
    std::string record;
    for (size_t i = 0; i < count && record.size() < habits_.record; ++i) {
      record.append(static_cast<const char*>(parts[i].iov_base), std::min(parts[i].iov_len, habits_.record - record.size()));
    }
    // SSL_write(3): what was refused has to come again.
    if (!refused.empty() && record.compare(0, refused.size(), refused) != 0) broke_promise = true;
    refused.clear();
    ++sends;
    if (habits_.turns_before > 0 && !wants_read && sends % habits_.turns_before == 0) wants_read = true;
    if (wants_read || (habits_.full_often && sends % 2 == 0)) {
      refused = record;
      return again(send_awaits());
    }
    kept_back = more;
    output += record;
    return {Io::moved, 0, record.size()};
  }
  bool takes_files() const override { return false; }
  Io send_file(const File&, uint64_t, size_t) override { abort(); }
  Await send_awaits() const override { return wants_read ? Await::readable : Await::writable; }
  Io flush() override {
    kept_back = false;
    return {Io::moved, 0, 0};
  }
  std::optional<size_t> unacknowledged() const override { return 0; }
  void cut() override { was_cut = true; }
  void end_output() override { output_ended = true; }
  bool watch(int, uint64_t) override { return true; }
  const sockaddr_storage& peer() const override { return peer_; }

  /** What lets a call go on that has said `again`. */
  std::optional<Await> awaited;
  /** It has happened: the next call finds it. */
  bool granted = false;
  std::deque<std::string> input;
  bool ended = false;
  std::string output;
  std::string refused;
  int sends = 0;
  bool wants_read = false, wants_write = false;
  bool kept_back = false;
  bool output_ended = false, was_cut = false;
  bool broke_promise = false;

 private:
  Io again(Await what) {
    awaited = what;
    return {Io::again, 0, 0};
  }

  const Habits habits_;
  int receives_ = 0;
  sockaddr_storage peer_{};
};

}  // namespace zc
