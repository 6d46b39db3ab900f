#include "engine/thread.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"

namespace zc {
namespace {

constexpr uint64_t kListenerTag = ~uint64_t{0};
constexpr uint64_t kMailboxTag = kListenerTag - 1;
constexpr int kEvents = 256;
constexpr int kAcceptBatch = 64;
constexpr int64_t kAcceptPause = 250;  // ms without descriptors before the next try; a closing connection ends it sooner
constexpr uint64_t kRefusals = 128;    // connections over the limit that are told so at the same time
constexpr uint32_t kMaxConnections = 1 << 20;  // bits of the index in an id
constexpr uint32_t kGenerations = 1 << 26;
constexpr uint32_t kClientEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

EngineThread::EngineThread(uint32_t number, Ref<EngineShared> shared)
    : number_(number),
      shared_(std::move(shared)),
      setup_(shared_->setup),
      limits_(setup_.limits),
      outbox_(shared_->outbox),
      pager_(*shared_->pager),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      root_(setup_.root),
      wheel_(monotonic_ms()),
      scratch_(new char[kScratch]) {
  update_clock();
}

int EngineThread::start() {
  if (!epoll_ || mailbox_.fd() < 0) return EMFILE;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kMailboxTag;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mailbox_.fd(), &event) != 0) return errno;
  const std::lock_guard lock(shared_->mutex);
  Thread thread;
  const int error = thread.start("zcserve-engine", [self = Ref<EngineThread>(this)] {
    self->run();
    const std::lock_guard lock(self->shared_->mutex);
    --self->shared_->running;
    self->shared_->ended.notify_all();
  });
  if (error == 0) ++shared_->running;
  thread.detach();
  return error;
}

void EngineThread::run() {
  epoll_event events[kEvents];
  std::vector<Connection*> turn;
  const auto advance_all = [this, &turn](std::vector<Connection*>& list) {
    turn.swap(list);
    for (Connection* connection : turn) {
      connection->queued = false;
      if (connection->state != Connection::State::closed) advance(*connection);
    }
    turn.clear();
  };
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, kEvents, wait_time());
    update_clock();
    for (int i = 0; i < count; ++i) on_event(events[i]);
    if (!ready_.empty()) advance_all(ready_);
    if (!unacked_.empty()) advance_all(unacked_);
    wheel_.advance(now_, [this](Timer& timer) { expire(static_cast<Connection&>(timer)); });
    if (resume_accept_ != 0 && now_ >= resume_accept_) watch_listener(true);
    free_.insert(free_.end(), released_.begin(), released_.end());
    released_.clear();
    if (stopping_ && now_ >= stop_deadline_) {
      for (const auto& connection : connections_) {
        if (connection->state != Connection::State::closed) abandon(*connection, TransferEnd::cancelled);
      }
    }
    const bool over = stopping_ && counters_.connections.value() == 0 && transfers_.empty();
    if (over && !silent_stop_) {
      tell(Record::stopped);
    }
    if (!records_.empty()) outbox_.post(records_);
    if (over) return;
  }
}

int EngineThread::wait_time() const {
  if (!ready_.empty()) return 0;
  if (!unacked_.empty()) return 1;
  if (!wheel_.empty() || resume_accept_ != 0 || stopping_) return static_cast<int>(TimerWheel::kTick);
  return -1;
}

void EngineThread::update_clock() {
  now_ = monotonic_ms();
  timespec wall;
  clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  date_.update(wall.tv_sec);
}

void EngineThread::on_event(const epoll_event& event) {
  if (event.data.u64 == kListenerTag) return accept_clients();
  if (event.data.u64 == kMailboxTag) {
    mailbox_.take(commands_);
    for (Command& command : commands_) on_command(command);
    commands_.clear();
    return;
  }
  // By id, not by index: while somebody else holds the socket (a fork, a duplicate), closing ours leaves it in this
  // epoll set, and its events are not those of the slot's next client.
  Connection* found = find(event.data.u64);
  if (!found) return;
  Connection& connection = *found;
  if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) return abandon(connection, TransferEnd::gone);
  if ((event.events & EPOLLRDHUP) != 0) connection.peer_ended = true;
  if ((event.events & (EPOLLIN | EPOLLRDHUP)) != 0) connection.readable = true;
  // Waiting for TypeScript or the disk: the event is noted, nothing can be done with it now.
  if (connection.state == Connection::State::answer || connection.state == Connection::State::page) return;
  // Trying without room would give a client that reads nothing more time for every byte that it sends.
  if (connection.state == Connection::State::send && (event.events & EPOLLOUT) == 0) return;
  advance(connection);
}

void EngineThread::on_command(Command& command) {
  switch (command.kind) {
    case Command::listen:
      listener_ = std::move(command.fd);
      watch_listener(true);
      break;
    case Command::reply:
      if (Connection* connection = find(command.id); connection && connection->state == Connection::State::answer) {
        counters_.planned.add(1);
        start_reply(*connection, std::move(command.reply_value));
        advance(*connection);
      }
      break;
    case Command::put:
      hot_.put(std::move(command.entry));
      break;
    case Command::remove:
      hot_.remove(command.path);
      break;
    case Command::set_root:
      set_root(std::move(command.new_root));
      break;
    case Command::transfer:
      begin_transfer(command);
      break;
    case Command::cancel:
      if (const auto found = transfers_.find(command.id); found != transfers_.end()) {
        abandon(*found->second, TransferEnd::cancelled);
      }
      break;
    case Command::paged:
      if (Connection* connection = find(command.id); connection && connection->state == Connection::State::page) {
        connection->out.set_paged(now_);
        connection->state = Connection::State::send;
        advance(*connection);
      }
      break;
    case Command::stop:
      begin_stop(command.grace);
      break;
  }
}

void EngineThread::watch_listener(bool watch) {
  if (!listener_ || accepting_ == watch) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListenerTag;
  epoll_ctl(epoll_.get(), watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_.get(), &event);
  accepting_ = watch;
  resume_accept_ = watch ? 0 : now_ + kAcceptPause;
}

void EngineThread::accept_clients() {
  for (int i = 0; i < kAcceptBatch; ++i) {
    UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause_accept(errno);
      // A connection that died in the queue is no reason to stop (accept(2), error handling).
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
      return;
    }
    counters_.accepted.add(1);
    const uint64_t open = counters_.connections.value();
    if (open >= limits_.max_connections + kRefusals) {
      counters_.rejected.add(1);
      continue;
    }
    Connection* connection = open_connection(std::move(socket), kClientEvents);
    if (!connection) continue;
    counters_.connections.add(1);
    connection->state = Connection::State::receive;
    arm(*connection, limits_.header_timeout);
    if (open >= limits_.max_connections) {
      counters_.rejected.add(1);
      refuse(*connection, 503);
      advance(*connection);
    }
  }
}

// Spinning on EMFILE would starve the clients that are here; the backlog keeps the new ones meanwhile.
void EngineThread::pause_accept(int error) {
  watch_listener(false);
  Record& record = tell(Record::accept_paused);
  record.error = error;
}

Connection* EngineThread::open_connection(UniqueFd socket, uint32_t events) {
  if (free_.empty()) {
    if (connections_.size() == kMaxConnections) return nullptr;
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->index = static_cast<uint32_t>(connections_.size() - 1);
    free_.push_back(connections_.back()->index);
  }
  Connection& connection = *connections_[free_.back()];
  epoll_event event{};
  event.events = events;
  event.data.u64 = id_of(connection);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0) return nullptr;
  free_.pop_back();
  connection.socket = std::move(socket);
  connection.readable = connection.peer_ended = connection.input_ended = connection.close_after = false;
  connection.drops_input = connection.has_body = connection.head_begun = connection.corked = false;
  connection.is_head = false;
  connection.minor_version = 1;
  connection.lingered = connection.transfer = 0;
  connection.parse = ParseState{};
  return &connection;
}

void EngineThread::destroy(Connection& connection) {
  wheel_.disarm(connection);
  // A borrowed socket lives on in its owner: closing our duplicate would leave it in this epoll set.
  if (connection.borrowed()) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.socket.get(), nullptr);
  else counters_.connections.subtract(1);
  connection.socket.reset();
  connection.state = Connection::State::closed;
  connection.out.clear();
  connection.input = {};
  connection.used = 0;
  connection.generation = (connection.generation + 1) % kGenerations;
  released_.push_back(connection.index);
  if (resume_accept_ != 0) watch_listener(true);
}

void EngineThread::begin_transfer(Command& command) {
  Connection* connection = open_connection(std::move(command.fd), EPOLLOUT | EPOLLRDHUP | EPOLLET);
  if (!connection) {
    Record& record = tell(Record::transfer_end);
    record.id = static_cast<double>(command.id);
    record.code = static_cast<uint32_t>(TransferEnd::gone);
    return;
  }
  connection->transfer = command.id;
  transfers_[command.id] = connection;
  counters_.transfers.add(1);
  connection->out.start_body(std::move(command.reply_value));
  connection->state = Connection::State::send;
  arm(*connection, limits_.send_timeout);
  advance(*connection);
}

void EngineThread::begin_stop(int64_t grace) {
  watch_listener(false);
  listener_.reset();
  resume_accept_ = 0;
  stopping_ = true;
  silent_stop_ = grace < 0;
  stop_deadline_ = now_ + std::max<int64_t>(grace, 0);
  for (const auto& connection : connections_) {
    const bool idle = connection->state == Connection::State::receive && !connection->head_begun;
    if (idle || connection->state == Connection::State::linger) destroy(*connection);
  }
}

Connection* EngineThread::find(uint64_t id) {
  const uint64_t index = id & (kMaxConnections - 1);
  if (index >= connections_.size()) return nullptr;
  Connection& connection = *connections_[index];
  const bool same = id_of(connection) == id && connection.state != Connection::State::closed;
  return same ? &connection : nullptr;
}

uint64_t EngineThread::id_of(const Connection& connection) const {
  return (uint64_t{number_} << 46) | (uint64_t{connection.generation} << 20) | connection.index;
}

Record& EngineThread::tell(Record::Kind kind) {
  Record& record = records_.emplace_back();
  record.kind = kind;
  return record;
}

void EngineThread::requeue(Connection& connection) {
  if (connection.queued) return;
  connection.queued = true;
  ready_.push_back(&connection);
}

void EngineThread::expire(Connection& connection) {
  switch (connection.state) {
    case Connection::State::answer:
      return arm(connection, limits_.send_timeout);
    case Connection::State::receive:
      if (!connection.head_begun) return destroy(connection);
      counters_.timeouts.add(1);
      refuse(connection, 408);
      return advance(connection);
    case Connection::State::send:
    case Connection::State::page:
    case Connection::State::verify:
      counters_.timeouts.add(1);
      return abandon(connection, TransferEnd::timed_out);
    case Connection::State::drain:
    case Connection::State::linger:
      return destroy(connection);
    case Connection::State::closed:
      return;
  }
}

}  // namespace zc
