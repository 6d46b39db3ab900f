#include "engine/service.h"

#include <time.h>

#include <utility>

#include "base/clock.h"
#include "net/client_key.h"

namespace zc {
namespace {

constexpr int64_t kSecond = 1000;  // ms

}  // namespace

EngineService::EngineService(uint32_t thread, EngineShared& shared, Ref<Inbox> inbox)
    : setup_(shared.setup),
      rates_(shared.rates.get()),
      pager_(*shared.pager),
      inboxes_(shared.inboxes),
      inbox_(std::move(inbox)),
      wheel_(monotonic_ms()),
      tenants_(setup_, records_, counters_),
      exchanges_(thread, turn_, counters_, records_),
      access_(thread),
      connections_(thread) {
  for (uint32_t number = 0; number < setup_.sites.size(); ++number) sites_.emplace_back(tenants_, number);
  begin_turn();
}

void EngineService::begin_turn() {
  turn_.now = monotonic_ms();
  timespec wall;
  clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  turn_.wall = int64_t{wall.tv_sec} * 1000 + wall.tv_nsec / 1'000'000;
  turn_.date.update(wall.tv_sec);
}

Ref<const Reply> EngineService::judge(Connection& connection) {
  if (connection.arrival.forbidden) {
    counters_.forbidden.add(1);
    return error(403);
  }
  if (!rates_) return {};
  const uint64_t client = client_key(connection.stream().peer());
  const int64_t wait = client == 0 ? 0 : rates_->take(client, turn_.now);
  if (wait == 0) return {};
  counters_.limited.add(1);
  return slow_down(wait);
}

// To wait for as long as it takes to be answered again. A flood has the same few answers over and over.
Ref<const Reply> EngineService::slow_down(int64_t ms) {
  const auto seconds = static_cast<size_t>((ms + kSecond - 1) / kSecond);
  if (seconds >= slow_down_.size()) slow_down_.resize(seconds + 1);
  Ref<const Reply>& known = slow_down_[seconds];
  const Ref<const Reply> plain = known ? Ref<const Reply>() : prepared(429);
  if (plain) {
    auto reply = make_ref<Reply>();
    reply->status = plain->status;
    reply->fields = plain->fields + "Retry-After: " + std::to_string(seconds) + "\r\n";
    reply->way = plain->way;
    reply->memory = plain->memory;
    reply->span = plain->span;
    known = std::move(reply);
  }
  return known;
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

// One connection of too many may end at any time.
Ref<const Reply> EngineService::error(int status) { return status == 429 ? slow_down(kSecond) : prepared(status); }

Ref<const Reply> EngineService::prepared(int status) const {
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
  with->arrival = std::move(known.arrival);
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

void EngineService::log_access(Ref<LineWriter> writer, Ref<const LogFormat> format) {
  access_.use(std::move(writer), std::move(format));
  turn_.noted = access_.fields();
}

void EngineService::end(Exchange& exchange, ExchangeEnd how) {
  access_.add(exchange, how, turn_);
  exchanges_.end(exchange, how);
}

bool EngineService::end_turn() {
  access_.end_turn();
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
  if (!wheel_.empty() || turn_.retiring || turn_.stopping) return static_cast<int>(TimerWheel::kTick);
  return -1;
}

void EngineService::retire() {
  turn_.retiring = true;
  connections_.each([](Connection& connection) { connection.retire(); });
}

void EngineService::stop() {
  turn_.stopping = true;
  connections_.each([](Connection& connection) { connection.stop(); });
}

void EngineService::abandon_all() {
  connections_.each([](Connection& connection) { connection.abandon(ExchangeEnd::cancelled); });
}

}  // namespace zc
