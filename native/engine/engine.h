// The engine as its owner sees it: threads, listening sockets, and the mailboxes to and from them.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/thread.h"

namespace zc {

/** Used from one thread only (JavaScript's); `wake` is called from any. */
class Engine {
 public:
  /** Starts as many of the threads as the system has room for. */
  Engine(EngineSetup setup, size_t threads, std::function<void()> wake);
  /** Why not all threads started, as an errno, or 0. */
  int shortage() const { return shortage_; }
  /** Stops at once. Waits a moment for the threads; one that hangs in a system call is left to itself. */
  ~Engine();

  /**
   * Takes clients of these sockets, which share an address: each thread of one of its own, as far as they go. They stay the
   * caller's: these are duplicates. Returns the errno where there is no descriptor for one more, and then takes none; or 0.
   */
  int listen(const std::vector<int>& sockets, const Ref<const Entrance>& entrance);
  /** Who comes from now on speaks TLS. Returns why not, or nothing. */
  std::string use_tls(TlsSetup setup);
  /** Exchanges that end are told there from now on, in this form; null: nowhere. The writer outlives the engine. */
  void log_access(const Ref<LineWriter>& writer, const Ref<const LogFormat>& format);
  void reply(uint64_t id, Ref<Reply> reply);
  /** The same to all of them: each thread is woken once. */
  void reply_all(const std::vector<uint64_t>& ids, const Ref<Reply>& reply);
  /** The content of a request that came without it, at most so many bytes: the record `received` tells. */
  void receive(uint64_t id, uint64_t most);
  /** Before its answer: the record `gone` tells if nobody waits for that any more. */
  void watch(uint64_t id);
  /**
   * More of the bodies of these replies by Way::feed: the same bytes for all of them, one copy of which is made at most.
   * Records `drained` tell when they have left, 64 KiB or more together.
   */
  void feed(const std::vector<uint64_t>& ids, FeedPiece piece);
  /** Nothing more comes. */
  void finish_feed(uint64_t id, bool whole);
  /** A path that has no prepared reply yet. Returns its handle, which means nothing when it is removed; 0: too many. */
  uint64_t add(Ref<HotEntry> entry);
  /** The `at`-th reply of the path, whose others stay, or one more. */
  void put(uint64_t handle, size_t at, HotReply reply);
  void remove(uint64_t handle);
  /** What is known of a directory from now on, in the place of what was. */
  void put_directory(uint32_t site, const Ref<Directory>& directory);
  void remove_directory(uint32_t site, const std::string& path);
  /** Of an extension, in all directories of a group. */
  void put_template(uint32_t site, uint32_t group, const std::string& extension, const Ref<FileTemplate>& made);
  /** Files without a prepared reply are TypeScript's from the request on before which there were so many. */
  void set_admission(uint32_t uses);
  /** A site's root from now on (null: there is none), or the assurance that it is. Entries made from another one are forgotten. */
  void set_root(uint32_t site, Ref<Root> root, std::vector<Evidence> rules);
  /** Has the entry answered since this was asked last? */
  bool used(uint64_t handle);
  /** Sends the reply's body (no head) on a duplicate of the socket. Returns the transfer's id, or a negative errno. */
  int64_t transfer(int socket, Ref<Reply> body);
  void cancel(uint64_t id);
  /**
   * Others listen where this one did: it accepts nobody, and each connection's next answer is its last. Each thread reports
   * `stopped` when its last connection is gone, at the latest some time after `grace` ms.
   */
  void retire(int64_t grace);
  /** Each thread reports `stopped` when its last connection is gone or `grace` ms are over. */
  void stop(int64_t grace);
  void stats(double* sums) const;
  std::vector<Record> take_records() { return shared_->outbox.take(); }
  /** Until end_batch, commands are kept back: a thread is woken once for all answers to its batch of records. */
  void begin_batch() { batching_ = true; }
  void end_batch();
  /** Those that run; without any, the engine is useless. */
  size_t threads() const { return threads_.size(); }

 private:
  void prepare(FeedPiece& piece, size_t takers) const;
  void post_to(uint64_t exchange, Command command);
  void post_to_all(const std::vector<uint64_t>& exchanges, const std::function<void(Command&)>& fill);
  void post(size_t thread, Command command);
  /** To each thread, a command of its own. */
  void post_all(Command::Kind kind, const std::function<void(Command&)>& fill);

  const Ref<EngineShared> shared_;
  std::vector<Ref<EngineThread>> threads_;
  int shortage_ = 0;
  Slots<Ref<HotEntry>> entries_{0};
  std::vector<Ref<Root>> roots_;              // by site
  std::vector<std::vector<Evidence>> rules_;  // by site, of the files in its root that say how it is answered
  Ref<TicketKeys> tickets_;
  uint64_t next_transfer_ = 0;
  bool batching_ = false;
  std::vector<std::vector<Command>> batches_;  // by thread
};

}  // namespace zc
