// What an engine thread does for its connections: whose turn it is, what they ask, and what is counted of it.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "base/timer_wheel.h"
#include "engine/access_log.h"
#include "engine/exchanges.h"
#include "engine/shared.h"
#include "engine/site.h"
#include "http/service.h"

namespace zc {

class EngineService final : public Service {
 public:
  EngineService(uint32_t thread, EngineShared& shared, Ref<Inbox> inbox);

  const Turn& turn() const override { return turn_; }
  const ConnectionLimits& limits() const override { return setup_.limits; }
  Ref<const Reply> judge(Connection& connection) override;
  Ref<const Reply> find(Exchange& exchange, const RequestHead& head) override;
  void ask(Exchange& exchange, Request request) override;
  void deliver(Exchange& exchange, Received how, std::string content) override {
    exchanges_.deliver(exchange, how, std::move(content));
  }
  Ref<const Reply> error(int status) override;
  bool page_in(Exchange& exchange) override;
  void begin(Exchange& exchange) override { exchanges_.begin(exchange); }
  void count(const Exchange& exchange, uint64_t bytes) override { exchanges_.count(exchange, bytes); }
  void end(Exchange& exchange, ExchangeEnd how) override;
  void count_timeout() override { counters_.timeouts.add(1); }
  void arm(Connection& connection, int64_t ms) override { wheel_.arm(connection, turn_.now + ms); }
  void disarm(Connection& connection) override { wheel_.disarm(connection); }
  void requeue(Connection& connection) override { queue(ready_, connection); }
  void recheck(Connection& connection) override { queue(unacked_, connection); }
  void close(Connection& connection) override;

  /** Where exchanges that end are told, and how; null: nowhere. */
  void log_access(Ref<LineWriter> writer, Ref<const LogFormat> format);
  /** Begins to watch it. False: there is no room. */
  bool open(std::unique_ptr<Connection> connection, int epoll);
  /** Another speaks for this client from now on; the stream is its own. */
  void replace(Connection& known, std::unique_ptr<Connection> with);
  Connection* find_connection(uint64_t id) const { return connections_.find(id); }
  /** The clock; then, after the events of a turn, whoever waited for another turn or for too long. */
  void begin_turn();
  void run_queues();
  /** Frees what was closed in this turn. True: that gave descriptors back. */
  bool end_turn();
  /** ms until somebody needs a turn; negative: only events do. */
  int wait_time() const;
  void retire();
  void stop();
  void abandon_all();
  bool idle() const { return counters_.connections.value() == 0 && !exchanges_.has_transfers(); }

  Records& records() { return records_; }
  Counters& counters() { return counters_; }
  const Counters& counters() const { return counters_; }
  Exchanges& exchanges() { return exchanges_; }
  Site& site(uint32_t number) { return sites_[number]; }
  Admission& admission() { return tenants_.admission; }

 private:
  using Queue = std::vector<uint64_t>;

  void share_kept();
  Ref<const Reply> slow_down(int64_t ms);
  Ref<const Reply> prepared(int status) const;
  static void queue(Queue& to, Connection& connection);
  void run_queue(Queue& queue);

  const EngineSetup& setup_;
  RequestRates* const rates_;
  std::vector<Ref<const Reply>> slow_down_;  // by seconds
  Pager& pager_;
  const std::vector<Ref<Inbox>>& inboxes_;
  const Ref<Inbox> inbox_;
  Records records_;
  Counters counters_;
  Turn turn_;
  TimerWheel wheel_;
  Tenants tenants_;
  std::deque<Site> sites_;  // not moved once made
  Exchanges exchanges_;
  AccessLog access_;
  Slots<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;  // in this turn: whoever closed it may still run
  Queue ready_;    // have more to do now
  Queue unacked_;  // look again soon
  Queue running_;
};

}  // namespace zc
