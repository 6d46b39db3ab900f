#include "engine/engine.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/clock.h"

namespace zc {
namespace {

// Capped by net.core.somaxconn.
constexpr int kBacklog = 4096;
// Threads that do not hang end within a millisecond or two; the owner's event loop waits no longer than this for the others.
constexpr std::chrono::milliseconds kPatience{250};

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first) freeaddrinfo(first);
  }
};

/** A bound socket, or none with errno. */
UniqueFd bind_socket(const addrinfo& address, bool share) {
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd) return fd;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  // Accepted sockets inherit it: an answer's last segment must not wait for the client's delayed ACK.
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) fd.reset();
  return fd;
}

int port_of(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  // The port stands at the same place in sockaddr_in and sockaddr_in6.
  return ntohs(reinterpret_cast<sockaddr_in*>(&name)->sin_port);
}

}  // namespace

Engine::Engine(EngineSetup setup, size_t threads, std::function<void()> wake)
    : shared_(make_ref<EngineShared>(std::move(setup), std::move(wake))), root_(shared_->setup.root) {
  while (shortage_ == 0 && threads_.size() < threads) {
    auto thread = make_ref<EngineThread>(static_cast<uint32_t>(threads_.size()), shared_);
    shortage_ = thread->start();
    if (shortage_ == 0) threads_.push_back(std::move(thread));
  }
  batches_.resize(threads_.size());
  // Every thread has its share, however many there are; none looks at it before it listens.
  const uint64_t count = std::max<uint64_t>(threads_.size(), 1);
  uint64_t& share = shared_->setup.limits.max_connections;
  share = (share + count - 1) / count;
}

Engine::~Engine() {
  end_batch();
  stop(-1);
  shared_->pager->abandon();
  shared_->await_end(kPatience);
  shared_->outbox.shut();
}

int Engine::listen(const std::string& host, uint16_t port, std::string& reason) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  AddressList addresses;
  const int unresolved = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &addresses.first);
  if (unresolved != 0) {
    reason = gai_strerror(unresolved);
    return -EADDRNOTAVAIL;
  }
  const addrinfo& address = *addresses.first;
  // Sharing a port is for our own threads: a first bind without SO_REUSEPORT finds out whether it is free.
  UniqueFd probe = bind_socket(address, false);
  if (!probe || ::listen(probe.get(), kBacklog) != 0) return -errno;
  const int bound = port_of(probe.get());
  std::vector<UniqueFd> listeners;
  if (threads_.size() == 1) {
    listeners.push_back(std::move(probe));
  } else {
    probe.reset();
    reinterpret_cast<sockaddr_in*>(address.ai_addr)->sin_port = htons(static_cast<uint16_t>(bound));
    for (size_t i = 0; i < threads_.size(); ++i) {
      UniqueFd fd = bind_socket(address, true);
      if (!fd || ::listen(fd.get(), kBacklog) != 0) return -errno;
      listeners.push_back(std::move(fd));
    }
  }
  for (size_t i = 0; i < threads_.size(); ++i) {
    Command command{};
    command.kind = Command::listen;
    command.fd = std::move(listeners[i]);
    post(i, std::move(command));
  }
  return bound;
}

void Engine::reply(uint64_t id, Ref<Reply> reply) {
  const uint32_t thread = EngineThread::thread_of(id);
  if (thread >= threads_.size()) return;
  Command command{};
  command.kind = Command::reply;
  command.id = id;
  command.reply_value = std::move(reply);
  post(thread, std::move(command));
}

void Engine::post(size_t thread, Command command) {
  if (batching_) batches_[thread].push_back(std::move(command));
  else threads_[thread]->post(std::move(command));
}

void Engine::post_all(const std::function<Command()>& make) {
  for (size_t i = 0; i < threads_.size(); ++i) post(i, make());
}

void Engine::end_batch() {
  batching_ = false;
  for (size_t i = 0; i < threads_.size(); ++i) threads_[i]->post_all(batches_[i]);
}

void Engine::put(Ref<HotEntry> entry, size_t at) {
  Ref<HotEntry>& known = entries_[entry->path];
  entry->remote = entry->remote || (root_ && root_->volume() == Volume::remote);
  // Where no thread may look, TypeScript has looked, at most `revalidate` ago.
  if (entry->remote || (known && known->unsure.load(std::memory_order_relaxed))) {
    entry->valid_until = monotonic_ms() + shared_->setup.limits.revalidate;
  }
  if (known) {
    std::vector<HotReply> replies = known->replies;
    if (at < replies.size()) replies[at] = std::move(entry->replies.front());
    else replies.push_back(std::move(entry->replies.front()));
    entry->replies = std::move(replies);
    entry->used.store(known->used.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  known = entry;
  post_all([&entry] {
    Command command{};
    command.kind = Command::put;
    command.entry = entry;
    return command;
  });
}

void Engine::remove(const std::string& path) {
  if (entries_.erase(path) == 0) return;
  post_all([&path] {
    Command command{};
    command.kind = Command::remove;
    command.path = path;
    return command;
  });
}

void Engine::set_root(Ref<Root> root) {
  if (root.get() != root_.get()) entries_.clear();
  root_ = root;
  post_all([&root] {
    Command command{};
    command.kind = Command::set_root;
    command.new_root = root;
    return command;
  });
}

bool Engine::used(const std::string& path) {
  const auto found = entries_.find(path);
  return found != entries_.end() && found->second->used.exchange(false, std::memory_order_relaxed);
}

int64_t Engine::transfer(int socket, Ref<Reply> body) {
  UniqueFd duplicate(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!duplicate) return -errno;
  Command command{};
  command.kind = Command::transfer;
  command.id = ++next_transfer_;
  command.reply_value = std::move(body);
  command.fd = std::move(duplicate);
  post(next_transfer_ % threads_.size(), std::move(command));
  return static_cast<int64_t>(next_transfer_);
}

void Engine::cancel(uint64_t id) {
  Command command{};
  command.kind = Command::cancel;
  command.id = id;
  post(id % threads_.size(), std::move(command));
}

void Engine::stop(int64_t grace) {
  entries_.clear();
  post_all([grace] {
    Command command{};
    command.kind = Command::stop;
    command.grace = grace;
    return command;
  });
}

void Engine::stats(double* sums) const {
  for (const auto& thread : threads_) thread->counters().add_to(sums);
}

}  // namespace zc
