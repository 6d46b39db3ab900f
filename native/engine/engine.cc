#include "engine/engine.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/clock.h"

namespace zc {
namespace {

// Threads that do not hang end within a millisecond or two; the owner's event loop waits no longer than this for the others.
constexpr std::chrono::milliseconds kPatience{250};
// More would keep the owner's thread from other work.
constexpr uint64_t kReadNow = 64 << 10;

}  // namespace

Engine::Engine(EngineSetup setup, size_t threads, std::function<void()> wake)
    : shared_(make_ref<EngineShared>(std::move(setup), std::move(wake))) {
  for (const SiteSetup& site : shared_->setup.sites) roots_.push_back(site.root);
  rules_.resize(roots_.size());
  while (shortage_ == 0 && threads_.size() < threads) {
    auto thread = make_ref<EngineThread>(static_cast<uint32_t>(threads_.size()), shared_);
    shortage_ = thread->start();
    if (shortage_ == 0) threads_.push_back(std::move(thread));
  }
  for (const auto& thread : threads_) shared_->inboxes.push_back(thread->inbox());
  batches_.resize(threads_.size());
  // Every thread has its share, however many there are; none looks at it before it listens.
  const uint64_t count = std::max<uint64_t>(threads_.size(), 1);
  uint64_t& share = shared_->setup.max_connections;
  share = (share + count - 1) / count;
}

Engine::~Engine() {
  end_batch();
  stop(-1);
  shared_->pager->abandon();
  shared_->await_end(kPatience);
  shared_->outbox.shut();
}

int Engine::listen(const std::vector<int>& sockets, const Ref<const Entrance>& entrance) {
  if (sockets.empty()) return EINVAL;
  std::vector<Command> commands(std::max(sockets.size(), threads_.size()));
  for (size_t i = 0; i < commands.size(); ++i) {
    commands[i].kind = Command::listen;
    commands[i].entrance = entrance;
    commands[i].fd = UniqueFd(fcntl(sockets[i % sockets.size()], F_DUPFD_CLOEXEC, 0));
    if (!commands[i].fd) return errno;
  }
  for (size_t i = 0; i < commands.size(); ++i) post(i % threads_.size(), std::move(commands[i]));
  return 0;
}

std::string Engine::use_tls(TlsSetup setup) {
  setup.hosts = shared_->setup.hosts;
  if (!tickets_) tickets_ = make_ref<TicketKeys>();
  std::string error;
  std::vector<Ref<TlsContext>> contexts;
  while (contexts.size() < threads_.size()) {
    contexts.push_back(TlsContext::make(setup, tickets_, error));
    if (!contexts.back()) return error;
  }
  post_all(Command::set_tls, [&contexts](Command& command) {
    command.new_tls = std::move(contexts.back());
    contexts.pop_back();
  });
  return error;
}

void Engine::log_access(const Ref<LineWriter>& writer, const Ref<const LogFormat>& format) {
  post_all(Command::log_access, [&](Command& command) {
    command.log = writer;
    command.log_format = format;
  });
}

void Engine::reply(uint64_t id, Ref<Reply> reply) {
  Command command{};
  command.kind = Command::reply;
  command.reply_value = std::move(reply);
  post_to(id, std::move(command));
}

void Engine::reply_all(const std::vector<uint64_t>& ids, const Ref<Reply>& reply) {
  post_to_all(ids, [&reply](Command& command) {
    command.kind = Command::reply_all;
    command.reply_value = reply;
  });
}

void Engine::receive(uint64_t id, uint64_t most) {
  Command command{};
  command.kind = Command::receive;
  command.most = most;
  post_to(id, std::move(command));
}

void Engine::watch(uint64_t id) {
  Command command{};
  command.kind = Command::watch;
  post_to(id, std::move(command));
}

void Engine::feed(const std::vector<uint64_t>& ids, FeedPiece piece) {
  if (piece.size() == 0) return;
  if (piece.file) prepare(piece, ids.size());
  post_to_all(ids, [&piece](Command& command) {
    command.kind = Command::feed;
    command.piece = piece;
  });
}

// What is too short for a descriptor is read once for all of them, if that need not wait.
void Engine::prepare(FeedPiece& piece, size_t takers) const {
  const File& file = *piece.file;
  piece.by_descriptor = file.volume() != Volume::remote && piece.size() >= shared_->setup.limits.sendfile_min;
  if (piece.by_descriptor || takers < 2 || piece.size() > kReadNow || file.volume() == Volume::remote) return;
  std::string bytes(piece.size(), '\0');
  if (file.read_now(bytes.data(), piece.span, monotonic_ms())) piece = Ref<Memory>(new HeapBytes(std::move(bytes)));
}

void Engine::finish_feed(uint64_t id, bool whole) {
  Command command{};
  command.kind = whole ? Command::finish_feed : Command::fail_feed;
  post_to(id, std::move(command));
}

void Engine::post_to(uint64_t exchange, Command command) {
  const uint32_t thread = Exchanges::thread_of(exchange);
  if (thread >= threads_.size()) return;
  command.id = exchange;
  post(thread, std::move(command));
}

void Engine::post_to_all(const std::vector<uint64_t>& exchanges, const std::function<void(Command&)>& fill) {
  for (uint32_t thread = 0; thread < threads_.size(); ++thread) {
    Command command{};
    const auto of_thread = [thread](uint64_t id) { return Exchanges::thread_of(id) == thread; };
    std::copy_if(exchanges.begin(), exchanges.end(), std::back_inserter(command.ids), of_thread);
    if (command.ids.empty()) continue;
    fill(command);
    post(thread, std::move(command));
  }
}

void Engine::post(size_t thread, Command command) {
  if (batching_) batches_[thread].push_back(std::move(command));
  else threads_[thread]->post(std::move(command));
}

void Engine::post_all(Command::Kind kind, const std::function<void(Command&)>& fill) {
  for (size_t i = 0; i < threads_.size(); ++i) {
    Command command{};
    command.kind = kind;
    fill(command);
    post(i, std::move(command));
  }
}

void Engine::end_batch() {
  batching_ = false;
  for (size_t i = 0; i < threads_.size(); ++i) threads_[i]->post_all(batches_[i]);
}

uint64_t Engine::add(Ref<HotEntry> entry) {
  const Root* const root = roots_[entry->site].get();
  entry->remote = root && root->volume() == Volume::remote;
  for (const Evidence& evidence : entry->evidence) {
    const std::string& version = evidence.version;
    entry->remote = entry->remote || (!version.empty() && is_remote(FileStat::device_of(version)));
  }
  return entries_.add(std::move(entry));
}

void Engine::put(uint64_t handle, size_t at, HotReply reply) {
  HotEntry* const known = entries_.find(handle);
  if (!known) return;
  // The threads have the entry as it was, and may be reading it.
  auto entry = make_ref<HotEntry>();
  entry->site = known->site;
  entry->path = known->path;
  entry->judged = known->judged;
  entry->evidence = known->evidence;
  entry->lasts_until = known->lasts_until;
  entry->remote = known->remote;
  entry->replies = known->replies;
  if (at < entry->replies.size()) entry->replies[at] = std::move(reply);
  else entry->replies.push_back(std::move(reply));
  entry->valid_until.store(known->valid_until.load(std::memory_order_relaxed), std::memory_order_relaxed);
  // Where no thread may look, TypeScript has looked, at most `revalidate` ago.
  if (known->remote || known->unsure.load(std::memory_order_relaxed)) {
    entry->valid_until = monotonic_ms() + shared_->setup.sites[entry->site].revalidate;
  }
  entry->used.store(known->used.load(std::memory_order_relaxed), std::memory_order_relaxed);
  entries_.replace(handle, entry);
  post_all(Command::put, [&entry](Command& command) {
    command.site = entry->site;
    command.entry = entry;
  });
}

void Engine::remove(uint64_t handle) {
  const Ref<HotEntry> entry = entries_.remove(handle);
  if (!entry || entry->replies.empty()) return;
  post_all(Command::remove, [&entry](Command& command) {
    command.site = entry->site;
    command.path = entry->path;
  });
}

void Engine::put_directory(uint32_t site, const Ref<Directory>& directory) {
  post_all(Command::put_directory, [&](Command& command) {
    command.site = site;
    command.directory = directory;
  });
}

void Engine::remove_directory(uint32_t site, const std::string& path) {
  post_all(Command::remove_directory, [&](Command& command) {
    command.site = site;
    command.path = path;
  });
}

void Engine::put_template(uint32_t site, uint32_t group, const std::string& extension, const Ref<FileTemplate>& made) {
  post_all(Command::put_template, [&](Command& command) {
    command.site = site;
    command.id = group;
    command.path = extension;
    command.file_template = made;
  });
}

void Engine::set_admission(uint32_t uses) {
  post_all(Command::set_admission, [uses](Command& command) { command.id = uses; });
}

void Engine::set_root(uint32_t site, Ref<Root> root, std::vector<Evidence> rules) {
  if (root.get() != roots_[site].get() || rules != rules_[site]) {
    entries_.remove_if([site](const HotEntry& entry) { return entry.site == site; });
  }
  roots_[site] = root;
  rules_[site] = rules;
  post_all(Command::set_root, [&](Command& command) {
    command.site = site;
    command.new_root = root;
    command.evidence = rules;
  });
}

bool Engine::used(uint64_t handle) {
  const HotEntry* entry = entries_.find(handle);
  return entry && entry->used.exchange(false, std::memory_order_relaxed);
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

void Engine::retire(int64_t grace) {
  post_all(Command::retire, [grace](Command& command) { command.grace = grace; });
}

void Engine::stop(int64_t grace) {
  entries_.clear();
  post_all(Command::stop, [grace](Command& command) { command.grace = grace; });
}

void Engine::stats(double* sums) const {
  for (const auto& thread : threads_) thread->counters().add_to(sums);
}

}  // namespace zc
