// A thread's service without a thread: its answers, its clock and its disk are in a test's hands.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "http/service.h"

namespace zc {

/** Answers by target, at once or when it is told to; remembers how exchanges ended. */
class Desk final : public Service {
 public:
  struct Ended {
    std::string method, target;
    ExchangeEnd how;
    unsigned status;
    uint64_t bytes;
    Way way;
    Reason reason;
  };

  Desk() {
    limits_.max_drain = 1 << 20;
    limits_.send_chunk = 256 << 10;
    turn_.date.update(0);
  }

  const Turn& turn() const override { return turn_; }
  const ConnectionLimits& limits() const override { return limits_; }
  Ref<const Reply> judge(Connection&) override {
    ++judged;
    return judgement;
  }
  Ref<const Reply> find(Exchange&, const RequestHead& head) override {
    const auto found = prepared.find(std::string(head.target));
    return found == prepared.end() ? Ref<const Reply>() : found->second;
  }
  void ask(Exchange& exchange, Request request) override {
    live.insert(&exchange);
    asked.push_back(std::move(request));
    waiting = &exchange;
  }
  void deliver(Exchange& exchange, Received how, std::string content) override {
    exchange.receives = false;
    received.emplace_back(how, std::move(content));
  }
  Ref<const Reply> error(int) override { return {}; }
  bool page_in(Exchange& exchange) override {
    const PageIn wanted = exchange.body.wanted();
    wanted.window->load(*wanted.file, false);
    paged = &exchange;
    return true;
  }
  void begin(Exchange& exchange) override {
    live.insert(&exchange);
    ++begun;
  }
  void count(const Exchange&, uint64_t bytes) override { counted += bytes; }
  void end(Exchange& exchange, ExchangeEnd how) override {
    if (live.erase(&exchange) == 0) abort();
    const BodySource& body = exchange.body;
    const unsigned status = body.active() ? body.reply().status : 0;
    ended.push_back({exchange.method, exchange.target, how, status, body.sent(), body.active() ? body.way() : Way::none,
                     body.active() ? body.reason() : Reason::size});
    exchange.body.clear();
  }
  void count_timeout() override { ++timeouts; }
  void arm(Connection&, int64_t ms) override { due = turn_.now + ms; }
  void disarm(Connection&) override { due.reset(); }
  void requeue(Connection& connection) override { queued = &connection; }
  void recheck(Connection& connection) override { queued = &connection; }
  void close(Connection& connection) override { connection.closed = true; }

  std::map<std::string, Ref<const Reply>> prepared;
  Ref<const Reply> judgement;
  std::vector<Request> asked;
  std::vector<std::pair<Received, std::string>> received;
  std::vector<Ended> ended;
  std::set<Exchange*> live;  // asked for or begun, and not ended
  Exchange* waiting = nullptr;
  Exchange* paged = nullptr;
  Connection* queued = nullptr;
  uint64_t counted = 0;
  size_t begun = 0, timeouts = 0, judged = 0;
  std::optional<int64_t> due;  // of the only connection

  ConnectionLimits& limits_to_set() { return limits_; }
  /** Time goes by, to just behind what the connection waits for. */
  void pass_time() { turn_.now = due.value_or(turn_.now) + 1; }
  void pass(int64_t ms) { turn_.now += ms; }
  void set_stopping() { turn_.stopping = true; }
  bool is_due() const { return due && *due < turn_.now; }

 private:
  Turn turn_;
  ConnectionLimits limits_;
};

inline std::string pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return bytes;
}

inline Ref<File> make_file(const std::string& bytes) {
  char path[] = "/tmp/zcserve-stream-XXXXXX";
  UniqueFd fd(mkostemp(path, O_CLOEXEC));
  unlink(path);
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = write(fd.get(), bytes.data() + written, bytes.size() - written);
    if (n <= 0) abort();
    written += static_cast<size_t>(n);
  }
  struct stat st;
  if (fstat(fd.get(), &st) != 0) abort();
  return make_ref<File>(std::move(fd), FileStat::from(st), "file");
}

/** By Way::feed: with none of the bytes, which come by `feed`. */
inline Ref<Reply> reply_of(Way way, const std::string& bytes) {
  auto reply = make_ref<Reply>();
  reply->status = 200;
  reply->way = way;
  reply->reason = Reason::size;
  if (way == Way::feed) return reply;
  reply->fields = "Content-Length: " + std::to_string(bytes.size()) + "\r\n";
  reply->span = {0, bytes.size()};
  if (way == Way::bytes) reply->memory = Ref<Memory>(new HeapBytes(bytes));
  else if (way == Way::mmap) reply->memory = FileMapping::map(make_file(bytes));
  else reply->file = make_file(bytes);
  return reply;
}

/** More of a body that is made while it is sent. */
inline void feed(Exchange& exchange, FeedPiece piece) {
  exchange.body.feed()->push(std::move(piece));
  exchange.connection.on_fed(exchange);
}

inline void feed(Exchange& exchange, std::string bytes) {
  feed(exchange, Ref<Memory>(new HeapBytes(std::move(bytes))));
}

/** Nothing more of it comes. */
inline void finish_feed(Exchange& exchange, bool whole) {
  exchange.body.feed()->finish(whole);
  exchange.connection.on_fed(exchange);
}

}  // namespace zc
