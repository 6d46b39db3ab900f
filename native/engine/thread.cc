#include "engine/thread.h"

#include <algorithm>
#include <cerrno>

#include "base/thread.h"
#include "http1/transfer.h"
#include "net/socket_stream.h"

namespace zc {
namespace {

// No connection has these: ids are below 2^52 (Slots).
constexpr uint64_t kMailboxTag = ~uint64_t{0};
constexpr uint64_t kFirstListenerTag = uint64_t{1} << 63;
constexpr int kEvents = 256;

}  // namespace

EngineThread::EngineThread(uint32_t number, Ref<EngineShared> shared)
    : shared_(std::move(shared)),
      inbox_(make_ref<Inbox>()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      service_(number, *shared_, inbox_),
      reception_(service_, *shared_, epoll_.get()) {}

int EngineThread::start() {
  if (!epoll_ || inbox_->mailbox.fd() < 0) return EMFILE;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kMailboxTag;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, inbox_->mailbox.fd(), &event) != 0) return errno;
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
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, kEvents, wait_time());
    service_.begin_turn();
    for (int i = 0; i < count; ++i) on_event(events[i]);
    service_.run_queues();
    for (const auto& acceptor : acceptors_) acceptor->resume_in_time(service_.turn().now);
    const Turn& turn = service_.turn();
    if (turn.retiring && !turn.stopping && turn.now >= retire_deadline_) begin_stop(0);
    if (turn.stopping && turn.now >= stop_deadline_) service_.abandon_all();
    const bool over = (turn.retiring || turn.stopping) && service_.idle();
    if (over && !silent_stop_) service_.records().add(Record::stopped);
    if (service_.end_turn()) {
      for (const auto& acceptor : acceptors_) acceptor->resume();
    }
    shared_->outbox.post(service_.records().list());
    if (over) return;
  }
}

int EngineThread::wait_time() const {
  const int wait = service_.wait_time();
  const bool paused =
      std::any_of(acceptors_.begin(), acceptors_.end(), [](const auto& acceptor) { return acceptor->paused(); });
  return wait < 0 && paused ? static_cast<int>(TimerWheel::kTick) : wait;
}

void EngineThread::on_event(const epoll_event& event) {
  if (event.data.u64 == kMailboxTag) {
    inbox_->mailbox.take(commands_);
    for (Command& command : commands_) on_command(command);
    empty(commands_);
    return;
  }
  if (event.data.u64 >= kFirstListenerTag) {
    const uint64_t number = event.data.u64 - kFirstListenerTag;
    // They are closed in the turn in which we stop.
    if (number < acceptors_.size()) accept_clients(*acceptors_[number]);
    return;
  }
  // By id: while somebody else holds the socket (a fork, a duplicate), closing ours leaves it in this epoll set, and its
  // events are not those of the slot's next client.
  Connection* connection = service_.find_connection(event.data.u64);
  if (!connection) return;
  StreamEvents happened;
  happened.readable = (event.events & EPOLLIN) != 0;
  happened.writable = (event.events & EPOLLOUT) != 0;
  happened.ended = (event.events & EPOLLRDHUP) != 0;
  happened.broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
  connection->on_events(happened);
}

void EngineThread::on_command(Command& command) {
  Exchanges& exchanges = service_.exchanges();
  switch (command.kind) {
    case Command::listen:
      return listen(std::move(command.fd), std::move(command.entrance));
    case Command::reply:
      return reply(command.id, std::move(command.reply_value));
    case Command::reply_all:
      for (const uint64_t id : command.ids) reply(id, command.reply_value);
      return;
    case Command::feed:
      for (const uint64_t id : command.ids) feed(id, [&command](Feed& feed) { feed.push(command.piece); });
      return;
    case Command::finish_feed:
      return feed(command.id, [](Feed& feed) { feed.finish(true); });
    case Command::fail_feed:
      return feed(command.id, [](Feed& feed) { feed.finish(false); });
    case Command::receive:
      return receive(command);
    case Command::watch:
      return watch(command.id);
    case Command::put:
      return service_.site(command.site).put(std::move(command.entry));
    case Command::remove:
      return service_.site(command.site).remove(command.path);
    case Command::put_directory:
      return service_.site(command.site).directories().put(std::move(command.directory));
    case Command::remove_directory:
      return service_.site(command.site).directories().remove(command.path);
    case Command::put_template:
      return service_.site(command.site).directories().put_template(static_cast<uint32_t>(command.id),
                                                                   std::move(command.path),
                                                                   std::move(command.file_template));
    case Command::set_admission:
      return service_.admission().set_uses(static_cast<uint32_t>(command.id));
    case Command::keep:
      return service_.site(command.site).directories().adopt(std::move(command.kept));
    case Command::set_root:
      return service_.site(command.site).set_root(std::move(command.new_root), std::move(command.evidence),
                                                     service_.turn().now);
    case Command::set_tls:
      return reception_.use_tls(std::move(command.new_tls));
    case Command::log_access:
      return service_.log_access(std::move(command.log), std::move(command.log_format));
    case Command::transfer:
      return begin_transfer(command);
    case Command::cancel:
      if (Exchange* exchange = exchanges.find_transfer(command.id)) {
        exchange->connection.abandon(ExchangeEnd::cancelled);
      }
      return;
    case Command::paged:
      if (Exchange* exchange = exchanges.find(command.id)) exchange->connection.on_paged(*exchange);
      return;
    case Command::retire:
      return begin_retire(command.grace);
    case Command::stop:
      return begin_stop(command.grace);
  }
}

void EngineThread::reply(uint64_t id, Ref<Reply> value) {
  Exchanges& exchanges = service_.exchanges();
  Exchange* const exchange = exchanges.find(id);
  if (exchange) exchange->connection.on_answer(*exchange, std::move(value));
  // Nobody will take what is made for it.
  else if (value->way == Way::feed) exchanges.refuse_feed(id);
}

template <class Change>
void EngineThread::feed(uint64_t id, Change change) {
  Exchange* const exchange = service_.exchanges().find(id);
  Feed* const feed = exchange ? exchange->body.feed() : nullptr;
  if (!feed) return;
  change(*feed);
  exchange->connection.on_fed(*exchange);
}

void EngineThread::receive(const Command& command) {
  Exchange* const exchange = service_.exchanges().find(command.id);
  if (!exchange || exchange->receives) return service_.exchanges().refuse_content(command.id);
  exchange->receives = true;
  exchange->connection.on_receive(*exchange, command.most);
}

void EngineThread::watch(uint64_t id) {
  Exchange* const exchange = service_.exchanges().find(id);
  if (!exchange) return service_.exchanges().tell_gone(id);
  exchange->watched = true;
  exchange->connection.on_watch(*exchange);
}

void EngineThread::listen(UniqueFd listener, Ref<const Entrance> entrance) {
  if (service_.turn().stopping) return;
  const uint64_t tag = kFirstListenerTag + acceptors_.size();
  acceptors_.push_back(std::make_unique<Acceptor>(epoll_.get(), tag, std::move(listener), std::move(entrance)));
}

void EngineThread::accept_clients(Acceptor& from) {
  const int error = from.accept(service_.turn().now, [&](UniqueFd socket, const sockaddr_storage& peer) {
    reception_.admit(std::move(socket), peer, from.entrance());
  });
  if (error != 0) service_.records().add(Record::accept_paused).error = error;
}

void EngineThread::begin_transfer(Command& command) {
  auto transfer = std::make_unique<Transfer>(service_, std::make_unique<BorrowedSocket>(std::move(command.fd)));
  Transfer& begun = *transfer;
  if (!service_.open(std::move(transfer), epoll_.get())) return service_.exchanges().refuse_transfer(command.id);
  service_.exchanges().lend(begun.exchange(), command.id);
  begun.begin(std::move(command.reply_value));
}

void EngineThread::begin_retire(int64_t grace) {
  acceptors_.clear();
  retire_deadline_ = service_.turn().now + grace;
  service_.retire();
  service_.records().add(Record::retired);
}

void EngineThread::begin_stop(int64_t grace) {
  acceptors_.clear();
  silent_stop_ = grace < 0;
  stop_deadline_ = service_.turn().now + std::max<int64_t>(grace, 0);
  service_.stop();
}

}  // namespace zc
