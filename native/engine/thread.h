// One engine thread: its epoll, listener, connections and hot table. No lock on the way of a hot request.
#pragma once
#include <sys/epoll.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "http1/connection.h"
#include "engine/counters.h"
#include "http1/date_line.h"
#include "http/hot_table.h"
#include "base/mailbox.h"
#include "files/root.h"
#include "files/pager.h"
#include "engine/record.h"
#include "base/thread.h"

namespace zc {

struct EngineLimits {
  ParseLimits parse;
  uint64_t max_connections = 0;  // of the engine; its threads see their share
  int64_t header_timeout = 0, keep_alive_timeout = 0, send_timeout = 0;  // ms
  uint64_t max_drain = 0;
  int64_t revalidate = 0;  // ms
  SendLimits send;
};

/** Fixed for the life of an engine. */
struct EngineSetup {
  Ref<Root> root;  // the first one
  Symlinks symlinks = Symlinks::inside;
  EngineLimits limits;
  /** status → prepared answer, for what the engine refuses by itself. */
  std::unordered_map<int, Ref<Reply>> errors;
};

struct Command {
  enum Kind : uint8_t { listen, reply, put, remove, set_root, transfer, cancel, paged, stop };
  Kind kind;
  uint64_t id = 0;
  Ref<Reply> reply_value;
  Ref<HotEntry> entry;
  Ref<Root> new_root;
  std::string path;
  UniqueFd fd;
  int64_t grace = 0;  // ms; negative: at once, without records
};

/** What the threads of an engine share. It lives as long as the last of them: one may hang when the engine ends. */
struct EngineShared : RefCounted {
  EngineShared(EngineSetup setup, std::function<void()> wake)
      : setup(std::move(setup)), outbox(std::move(wake)), pager(make_ref<Pager>()) {}

  /** Waits for the threads that run, but not for ever. */
  void await_end(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex);
    ended.wait_for(lock, patience, [this] { return running == 0; });
  }

  EngineSetup setup;  // fixed once they listen
  Outbox outbox;
  const Ref<Pager> pager;
  std::mutex mutex;
  std::condition_variable ended;
  size_t running = 0;
};

class EngineThread : public RefCounted {
 public:
  EngineThread(uint32_t number, Ref<EngineShared> shared);

  void post(Command command) { mailbox_.post(std::move(command)); }
  void post_all(std::vector<Command>& commands) { mailbox_.post_all(commands); }
  const Counters& counters() const { return counters_; }
  /** Returns 0, or the errno of what the system has no room for: a descriptor, or the thread. It ends by itself. */
  int start();

  /** Ids: thread (6 bits), generation (26 bits), index (20 bits): exact in a double, and never an epoll tag of its own. */
  static uint32_t thread_of(uint64_t id) { return static_cast<uint32_t>(id >> 46); }

 private:
  static constexpr size_t kScratch = 32 << 10;  // bytes of one recv

  // engine_thread.cc: the loop and what it watches
  void run();
  void update_clock();
  int wait_time() const;
  void on_event(const epoll_event& event);
  void on_command(Command& command);
  void accept_clients();
  void pause_accept(int error);
  void watch_listener(bool watch);
  void begin_stop(int64_t grace);
  void begin_transfer(Command& command);
  Connection* open_connection(UniqueFd socket, uint32_t events);
  void destroy(Connection& connection);
  Connection* find(uint64_t id);
  uint64_t id_of(const Connection& connection) const;
  void expire(Connection& connection);
  void requeue(Connection& connection);
  /** A new record of the batch that goes to JavaScript at the end of this turn. */
  Record& tell(Record::Kind kind);

  // request_cycle.cc: one connection's requests
  void advance(Connection& connection);
  void run_turn(Connection& connection);
  bool receive_head(Connection& connection);
  bool parse_next(Connection& connection, std::string_view data, bool buffered);
  void handle(Connection& connection, const RequestHead& head, std::string_view bytes);
  Ref<const Reply> find_hot(const RequestHead& head);
  void drop_hot(const RequestHead& head);
  bool root_holds();
  void set_root(Ref<Root> root);
  enum class Look : uint8_t { holds, broken, unsure };
  Look look_at_evidence(const HotEntry& entry);
  void ask(Connection& connection, const RequestHead& head, std::string_view bytes);
  void refuse(Connection& connection, int status);

  // reply_cycle.cc: its answers, and its end
  void start_reply(Connection& connection, Ref<const Reply> reply);
  bool send(Connection& connection);
  bool await_page(Connection& connection);
  bool finish_reply(Connection& connection);
  void await_head(Connection& connection);
  bool drain_body(Connection& connection);
  void linger(Connection& connection);
  bool drop_input(Connection& connection);
  void end_transfer(Connection& connection, TransferEnd end);
  void abandon(Connection& connection, TransferEnd why);
  Io receive_scratch(Connection& connection);
  void arm(Connection& connection, int64_t timeout) { wheel_.arm(connection, now_ + timeout); }
  size_t closing_lines(const Connection& connection, bool close, char* out) const;
  Counters::Tally& tally(const Connection& connection);

  const uint32_t number_;
  const Ref<EngineShared> shared_;
  const EngineSetup& setup_;
  const EngineLimits& limits_;
  Outbox& outbox_;
  Pager& pager_;
  UniqueFd epoll_;
  UniqueFd listener_;
  Mailbox<Command> mailbox_;
  std::vector<Command> commands_;
  std::vector<Record> records_;
  Ref<Root> root_;
  int64_t root_valid_until_ = 0;  // ms; its path is looked at again after it
  bool root_told_ = false;        // TypeScript has been asked to look
  HotTable hot_;
  Counters counters_;
  int64_t now_ = 0;  // ms, CLOCK_MONOTONIC_COARSE
  DateLine date_;
  TimerWheel wheel_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_;      // indexes ready for use
  std::vector<uint32_t> released_;  // freed in this turn: its lists may still name them
  std::vector<Connection*> ready_;  // have more to do now
  std::vector<Connection*> unacked_;
  std::unordered_map<uint64_t, Connection*> transfers_;
  bool accepting_ = false;
  int64_t resume_accept_ = 0;  // ms; 0 = not paused
  bool stopping_ = false;
  bool silent_stop_ = false;
  int64_t stop_deadline_ = 0;
  std::unique_ptr<char[]> scratch_;
};

}  // namespace zc
