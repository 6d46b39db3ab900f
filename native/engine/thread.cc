#include "engine/thread.h"

#include <algorithm>
#include <cerrno>

#include "base/thread.h"
#include "engine/greeting.h"
#include "engine/handshake.h"
#include "http1/connection.h"
#include "http1/transfer.h"
#include "net/socket_stream.h"

namespace zc {
namespace {

constexpr uint64_t kListenerTag = ~uint64_t{0};
constexpr uint64_t kMailboxTag = kListenerTag - 1;
constexpr int kEvents = 256;
constexpr uint64_t kRefusals = 128;  // connections over the limit that are told so at the same time

}  // namespace

EngineThread::EngineThread(uint32_t number, Ref<EngineShared> shared)
    : shared_(std::move(shared)),
      inbox_(make_ref<Inbox>()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      service_(number, *shared_, inbox_),
      acceptor_(epoll_.get(), kListenerTag) {}

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
    acceptor_.resume_in_time(service_.turn().now);
    const Turn& turn = service_.turn();
    if (turn.stopping && turn.now >= stop_deadline_) service_.abandon_all();
    const bool over = turn.stopping && service_.idle();
    if (over && !silent_stop_) service_.records().add(Record::stopped);
    if (service_.end_turn()) acceptor_.resume();
    shared_->outbox.post(service_.records().list());
    if (over) return;
  }
}

int EngineThread::wait_time() const {
  const int wait = service_.wait_time();
  return wait < 0 && acceptor_.paused() ? static_cast<int>(TimerWheel::kTick) : wait;
}

void EngineThread::on_event(const epoll_event& event) {
  if (event.data.u64 == kListenerTag) return accept_clients();
  if (event.data.u64 == kMailboxTag) {
    inbox_->mailbox.take(commands_);
    for (Command& command : commands_) on_command(command);
    commands_.clear();
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
      return acceptor_.listen(std::move(command.fd));
    case Command::reply:
      if (Exchange* exchange = exchanges.find(command.id)) {
        exchange->connection.on_answer(*exchange, std::move(command.reply_value));
      }
      return;
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
      return service_.site(command.site).set_root(std::move(command.new_root), service_.turn().now);
    case Command::set_tls:
      tls_ = std::move(command.new_tls);
      return;
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
    case Command::stop:
      return begin_stop(command.grace);
  }
}

void EngineThread::accept_clients() {
  const int error = acceptor_.accept(service_.turn().now, [this](UniqueFd socket, const sockaddr_storage& peer) {
    admit(std::move(socket), peer);
  });
  if (error != 0) service_.records().add(Record::accept_paused).error = error;
}

void EngineThread::admit(UniqueFd socket, const sockaddr_storage& peer) {
  Counters& counters = service_.counters();
  const uint64_t open = counters.connections.value();
  const uint64_t most = shared_->setup.max_connections;
  counters.accepted.add(1);
  if (open >= most) counters.rejected.add(1);
  if (open >= most + kRefusals) return;
  if (tls_) return greet_tls(std::move(socket), peer, open >= most);
  auto stream = std::make_unique<SocketStream>(std::move(socket), peer);
  if (open >= most) {
    if (Http1Connection* connection = open_client<Http1Connection>(std::move(stream))) {
      connection->refuse(503);
      connection->on_turn();
    }
  } else if (shared_->setup.h2c) {
    if (Greeting* greeting = open_client<Greeting>(std::move(stream))) greeting->begin();
  } else if (Http1Connection* connection = open_client<Http1Connection>(std::move(stream))) {
    connection->begin();
  }
}

// Null: there is no room for it.
template <class Client, class... Args>
Client* EngineThread::open_client(Args&&... args) {
  auto client = std::make_unique<Client>(service_, std::forward<Args>(args)...);
  Client* const opened = client.get();
  return service_.open(std::move(client), epoll_.get()) ? opened : nullptr;
}

void EngineThread::greet_tls(UniqueFd socket, const sockaddr_storage& peer, bool refused) {
  std::unique_ptr<TlsStream> stream = TlsStream::make(std::move(socket), peer, tls_, tls_scratch_);
  if (!stream) return;
  if (Handshake* handshake = open_client<Handshake>(std::move(stream), refused)) handshake->begin();
}

void EngineThread::begin_transfer(Command& command) {
  auto transfer = std::make_unique<Transfer>(service_, std::make_unique<BorrowedSocket>(std::move(command.fd)));
  Transfer& begun = *transfer;
  if (!service_.open(std::move(transfer), epoll_.get())) return service_.exchanges().refuse_transfer(command.id);
  service_.exchanges().lend(begun.exchange(), command.id);
  begun.begin(std::move(command.reply_value));
}

void EngineThread::begin_stop(int64_t grace) {
  acceptor_.stop();
  silent_stop_ = grace < 0;
  stop_deadline_ = service_.turn().now + std::max<int64_t>(grace, 0);
  service_.stop();
}

}  // namespace zc
