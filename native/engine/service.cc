#include "engine/service.h"

#include <time.h>

#include <utility>

#include "base/clock.h"

namespace zc {

EngineService::EngineService(uint32_t thread, EngineShared& shared, Ref<Inbox> inbox)
    : setup_(shared.setup),
      pager_(*shared.pager),
      inboxes_(shared.inboxes),
      inbox_(std::move(inbox)),
      wheel_(monotonic_ms()),
      tenants_(setup_, records_, counters_),
      exchanges_(thread, counters_, records_),
      connections_(thread) {
  for (uint32_t number = 0; number < setup_.sites.size(); ++number) sites_.emplace_back(tenants_, number);
  begin_turn();
}

void EngineService::begin_turn() {
  turn_.now = monotonic_ms();
  timespec wall;
  clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  turn_.date.update(wall.tv_sec);
}

Ref<const Reply> EngineService::find(Exchange& exchange, const RequestHead& head) {
  if (!setup_.hosts.empty()) exchange.site = setup_.hosts.find(authority_of(head));
  Site::Found found = sites_[exchange.site].find(head, turn_.now);
  if (found.reply) (found.opened ? counters_.opened : counters_.hot).add(1);
  return std::move(found.reply);
}

void EngineService::ask(Exchange& exchange, Request request) {
  // There are as many ids as connections, but many exchanges may be on each.
  if (!exchanges_.name(exchange)) return exchange.connection.on_answer(exchange, error(503));
  Record& record = records_.add(Record::request);
  record.id = static_cast<double>(exchange.id);
  record.site = exchange.site;
  record.code = tenants_.admission.has_met(exchange.site, path_of(request.target)) ? 1 : 0;
  record.asked = std::move(request);
}

Ref<const Reply> EngineService::error(int status) {
  const auto found = setup_.errors.find(status);
  return found == setup_.errors.end() ? Ref<const Reply>() : Ref<const Reply>(found->second);
}

bool EngineService::page_in(Exchange& exchange) {
  if (!exchanges_.name(exchange)) return false;
  return pager_.page_in(exchange.body.wanted(), [inbox = inbox_, id = exchange.id] {
    Command command{};
    command.kind = Command::paged;
    command.id = id;
    inbox->mailbox.post(std::move(command));
  });
}

bool EngineService::open(std::unique_ptr<Connection> connection, int epoll) {
  Connection& opened = *connection;
  opened.id = connections_.add(std::move(connection));
  if (opened.id == 0) return false;
  if (opened.stream().watch(epoll, opened.id)) {
    if (opened.is_client) counters_.connections.add(1);
    return true;
  }
  connections_.remove(opened.id);
  return false;
}

void EngineService::close(Connection& connection) {
  if (connection.closed) return;
  connection.closed = true;
  wheel_.disarm(connection);
  if (connection.is_client) counters_.connections.subtract(1);
  closed_.push_back(connections_.remove(connection.id));
}

void EngineService::replace(Connection& known, std::unique_ptr<Connection> with) {
  wheel_.disarm(known);
  known.closed = true;
  with->id = known.id;
  closed_.push_back(connections_.replace(known.id, std::move(with)));
}

void EngineService::queue(Queue& to, Connection& connection) {
  if (connection.queued) return;
  connection.queued = true;
  to.push_back(connection.id);
}

void EngineService::run_queues() {
  run_queue(ready_);
  run_queue(unacked_);
  wheel_.advance(turn_.now, [](Timer& timer) { static_cast<Connection&>(timer).on_timeout(); });
}

void EngineService::run_queue(Queue& queue) {
  if (queue.empty()) return;
  running_.swap(queue);
  for (const uint64_t id : running_) {
    Connection* connection = find_connection(id);
    if (!connection) continue;
    connection->queued = false;
    connection->on_turn();
  }
  running_.clear();
}

bool EngineService::end_turn() {
  share_kept();
  const bool freed = !closed_.empty();
  closed_.clear();
  return freed;
}

// One copy serves all threads.
void EngineService::share_kept() {
  const std::vector<Ref<const KeptFile>> added = tenants_.room.take_new();
  if (added.empty()) return;
  for (const Ref<Inbox>& inbox : inboxes_) {
    if (inbox.get() == inbox_.get()) continue;
    std::vector<Command> letters(added.size());
    for (size_t i = 0; i < added.size(); ++i) {
      letters[i].kind = Command::keep;
      letters[i].site = added[i]->site;
      letters[i].kept = added[i]->copy();
    }
    inbox->mailbox.post_all(letters);
  }
}

int EngineService::wait_time() const {
  if (!ready_.empty()) return 0;
  if (!unacked_.empty()) return 1;
  if (!wheel_.empty() || turn_.stopping) return static_cast<int>(TimerWheel::kTick);
  return -1;
}

void EngineService::stop() {
  turn_.stopping = true;
  connections_.each([](Connection& connection) { connection.stop(); });
}

void EngineService::abandon_all() {
  connections_.each([](Connection& connection) { connection.abandon(ExchangeEnd::cancelled); });
}

}  // namespace zc
