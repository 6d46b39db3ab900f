// Drives the engine as its owner does, with clients that misbehave, for the sanitizers to watch; built and run by
// test/sanitize.
//
// engine_stress SCENARIO ROUNDS SEED: `traffic` has one engine and ROUNDS rounds of clients, `lifetime` starts and ends
// ROUNDS engines, `transfers` lends ROUNDS sockets, `arena` has two threads that fill and empty one. Exits with 1 at
// the first wrong byte; prints what was tried.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "files/arena.h"
#include "engine/engine.h"

namespace {

using namespace zc;

[[noreturn]] void die(const char* claim, const std::string& detail = {}) {
  std::fprintf(stderr, "does not hold: %s %s\n", claim, detail.c_str());
  std::_Exit(1);
}

void require(bool holds, const char* claim, const std::string& detail = {}) {
  if (!holds) die(claim, detail);
}

// splitmix64, the published constants.
class Random {
 public:
  explicit Random(uint64_t state) : state_(state) {}
  uint64_t below(uint64_t bound) {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
  }
  bool one_in(uint64_t chance) { return below(chance) == 0; }

 private:
  uint64_t state_;
};

// Every byte of every file tells where it belongs.
char byte_of(size_t file, size_t at) { return static_cast<char>((at * 31 + (at >> 8) * 7 + file * 101) & 0xff); }

constexpr size_t kSizes[] = {0, 1, 900, 4096, 20'000, 65'536, 300'000, 3'000'000};
constexpr size_t kFiles = std::size(kSizes);

/** A directory of files with known bytes, removed at the end. */
class Site {
 public:
  Site() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/zcserve-stress-XXXXXX";
    require(mkdtemp(path_.data()) != nullptr, "a temporary directory can be made");
    for (size_t i = 0; i < kFiles; ++i) {
      std::string bytes(kSizes[i], '\0');
      for (size_t at = 0; at < bytes.size(); ++at) bytes[at] = byte_of(i, at);
      const UniqueFd fd(::open(name_of(i).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      require(write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "a file can be written");
    }
    root = Root::open(path_);
  }
  ~Site() {
    for (size_t i = 0; i < kFiles; ++i) unlink(name_of(i).c_str());
    rmdir(path_.c_str());
  }

  Ref<File> open(size_t file) const {
    OpenResult opened = open_beneath(*root, std::to_string(file), O_RDONLY, Symlinks::none);
    struct stat st;
    require(opened.fd && fstat(opened.fd.get(), &st) == 0, "a file beneath the root can be opened");
    return make_ref<File>(std::move(opened.fd), FileStat::from(st), std::to_string(file));
  }

  Ref<Root> root;

 private:
  std::string name_of(size_t file) const { return path_ + "/" + std::to_string(file); }
  std::string path_;
};

/** Wakes the owner's thread, like libuv's async handle. */
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    heard_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    heard_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable heard_;
  bool rung_ = false;
};

EngineSetup setup_of(const Site& site, Random& random) {
  EngineSetup setup;
  setup.root = site.root;
  setup.symlinks = Symlinks::none;
  ConnectionLimits& limits = setup.limits;
  setup.max_connections = 200;
  limits.header_timeout = limits.keep_alive_timeout = limits.send_timeout = 20'000;
  limits.max_drain = 65'536;
  setup.revalidate = random.one_in(2) ? 0 : 1;
  limits.send_chunk = 256 << 10;
  limits.verify_sendfile = random.one_in(4);
  for (const int status : {400, 413, 503}) {
    auto reply = make_ref<Reply>();
    reply->status = static_cast<uint16_t>(status);
    reply->fields = "Content-Length: 2\r\n";
    reply->way = Way::bytes;
    reply->memory = Ref<Memory>(new HeapBytes("no"));
    reply->span = {0, 2};
    reply->close = true;
    setup.errors[status] = std::move(reply);
  }
  return setup;
}

/** Plays the JavaScript thread: answers records, puts and removes hot entries, fills and empties the arena. */
class Owner {
 public:
  Owner(const Site& site, size_t threads, uint64_t seed)
      : random_(seed),
        site_(site),
        arena_(Arena::create(512 << 10)),
        engine_(std::make_unique<Engine>(setup_of(site, random_), threads, [this] { bell.ring(); })) {
    std::string reason;
    port = engine_->listen("127.0.0.1", 0, reason);
    require(port > 0, "the engine listens", reason);
  }

  /** Answers until `done` says so; the bell rings when it may. */
  template <class Done>
  void serve(Done done) {
    while (!done()) {
      bell.wait();
      answer_all();
      churn();
    }
  }
  void answer_all() {
    for (const Record& record : engine_->take_records()) {
      if (record.kind == Record::stopped) ++stopped;
      if (record.kind == Record::transfer_end) ++ended;
      if (record.kind == Record::request) answer(record);
    }
  }
  void stop_gracefully() {
    engine_->stop(5'000);
    serve([this] { return stopped == engine_->threads(); });
  }
  Engine& engine() { return *engine_; }
  /** With whatever is in flight. */
  void end() { engine_.reset(); }

  Bell bell;
  int port = 0;
  size_t stopped = 0, ended = 0, snapshots = 0, answers = 0;

 private:
  Ref<Reply> reply_with(size_t file, Way way) {
    auto reply = make_ref<Reply>();
    Ref<File> opened = site_.open(file);
    const uint64_t size = opened->stat().size;
    const uint64_t start = size == 0 ? 0 : random_.below(size);
    reply->span = {start, size};
    reply->way = way;
    if (random_.one_in(8)) posix_fadvise(opened->fd(), 0, 0, POSIX_FADV_DONTNEED);
    if (way == Way::mmap) reply->memory = memory_of(opened);
    if (!reply->memory) {
      if (way == Way::mmap) reply->way = Way::read;
      reply->file = std::move(opened);
    }
    uint64_t length = size - start;
    if (random_.one_in(6) && size > 0) {
      reply->parts = {{"first|", {start, size}}, {"|second|", {0, start}}};
      reply->tail = "|end";
      length = size + 18;
    }
    reply->status = 200;
    reply->fields = "Content-Length: " + std::to_string(length) + "\r\nFile: " + std::to_string(file) +
                  "\r\nStart: " + (reply->parts.empty() ? std::to_string(start) : std::string("parts")) + "\r\n";
    reply->close = random_.one_in(50);
    return reply;
  }

  Ref<Memory> memory_of(const Ref<File>& file) {
    if (random_.one_in(4)) return FileMapping::map(file);
    SnapshotError error = SnapshotError::none;
    Ref<Memory> memory = arena_->snapshot(*file, error);
    if (memory) ++snapshots;
    return memory;
  }

  void answer(const Record& record) {
    static constexpr Way kTried[] = {Way::mmap, Way::sendfile, Way::read};
    ++answers;
    engine_->reply(static_cast<uint64_t>(record.id), reply_with(random_.below(kFiles), kTried[random_.below(3)]));
    // A second reply, and one to a connection that never was, must be dropped.
    if (random_.one_in(20)) engine_->reply(static_cast<uint64_t>(record.id), reply_with(0, Way::read));
    if (random_.one_in(20)) engine_->reply(random_.below(uint64_t{1} << 53), reply_with(0, Way::read));
  }

  void churn() {
    const size_t path = random_.below(8);
    uint64_t& handle = handles_[path];
    const size_t file = random_.below(kFiles);
    if (random_.one_in(3)) {
      engine_->remove(handle);
      auto entry = make_ref<HotEntry>();
      entry->path = "/" + std::to_string(path);
      entry->judged = bit(kRange) | bit(kIfNoneMatch);
      const std::string version = random_.one_in(8) ? "other" : site_.open(file)->stat().version();
      entry->evidence.push_back({std::to_string(file), version});
      handle = engine_->add(std::move(entry));
      require(handle != 0, "a path can be prepared");
    }
    HotReply hot;
    hot.reply = reply_with(file, random_.one_in(2) ? Way::mmap : Way::sendfile);
    hot.not_modified = make_ref<Reply>();
    hot.not_modified->status = 304;
    hot.etag = "\"e\"";
    hot.answers_head = random_.one_in(2);
    engine_->put(handle, random_.below(4), std::move(hot));
    engine_->used(handle);
  }

  Random random_;
  const Site& site_;
  Ref<Arena> arena_;
  uint64_t handles_[8] = {};
  std::unique_ptr<Engine> engine_;
};

/** A blocking client that checks every byte it is sent. */
class Client {
 public:
  Client(int port, uint64_t seed) : random_(seed), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    connected_ = connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  /** One of the ways to use a connection. Returns the answers that came whole and right. */
  size_t live() {
    if (!connected_) return 0;
    switch (random_.below(8)) {
      case 0:
        return vanish();
      case 1:
        return send_garbage();
      default:
        return pipeline(1 + random_.below(12));
    }
  }

 private:
  size_t pipeline(size_t count) {
    std::string requests;
    std::string methods;
    for (size_t i = 0; i < count; ++i) {
      const bool head = random_.one_in(6);
      methods += head ? 'H' : 'G';
      requests += (head ? "HEAD /" : "GET /") + std::to_string(random_.below(12)) + "?q HTTP/1.1\r\nHost: a\r\n";
      if (random_.one_in(4)) requests += "If-None-Match: \"e\"\r\n";
      if (random_.one_in(8)) requests += "Range: bytes=0-1\r\n";
      if (random_.one_in(6)) requests += "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
      else if (random_.one_in(6)) requests += "Content-Length: 5\r\n\r\nhello";
      else requests += "\r\n";
    }
    const size_t cut = random_.below(requests.size());
    if (!write_all(requests.substr(0, cut)) || !write_all(requests.substr(cut))) return 0;
    if (random_.one_in(3)) shutdown(socket_.get(), SHUT_WR);
    size_t whole = 0;
    for (const char method : methods) {
      if (!read_answer(method == 'H')) return whole;
      ++whole;
    }
    return whole;
  }

  size_t vanish() {
    write_all("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /");
    char bytes[4096];
    for (uint64_t left = random_.below(200'000); left > 0;) {
      const ssize_t n = recv(socket_.get(), bytes, std::min<uint64_t>(left, sizeof bytes), 0);
      if (n <= 0) break;
      left -= static_cast<uint64_t>(n);
      if (random_.one_in(4)) break;
    }
    const linger reset{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return 0;
  }

  size_t send_garbage() {
    std::string bytes(random_.below(3000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
    write_all("GET / HTTP/1.1\r\n" + bytes);
    char answer[4096];
    shutdown(socket_.get(), SHUT_WR);
    while (recv(socket_.get(), answer, sizeof answer, 0) > 0) {
    }
    return 0;
  }

  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  bool read_answer(bool is_head) {
    size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return false;
    }
    const std::string head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    const bool bodiless = is_head || head.compare(9, 3, "304") == 0;
    const std::string length_text = field(head, "Content-Length: ");
    const size_t length = bodiless || length_text.empty() ? 0 : std::stoul(length_text);
    while (input_.size() < length) {
      if (!more()) return false;
    }
    if (head.compare(9, 3, "200") == 0 && length > 0) check(head, input_.substr(0, length));
    input_.erase(0, length);
    return head.find("Connection: close") == std::string::npos;
  }

  static std::string field(const std::string& head, const char* name) {
    const size_t at = head.find(name);
    if (at == std::string::npos) return {};
    const size_t start = at + strlen(name);
    return head.substr(start, head.find('\r', start) - start);
  }

  static void check(const std::string& head, const std::string& body) {
    const size_t file = std::stoul(field(head, "File: "));
    const std::string start = field(head, "Start: ");
    if (start == "parts") {
      const size_t second = body.find("|second|", 6);
      require(body.compare(0, 6, "first|") == 0 && body.compare(body.size() - 4, 4, "|end") == 0 &&
                  second != std::string::npos && body.size() == kSizes[file] + 18,
              "parts stand where they belong", head);
      return;
    }
    const size_t first = std::stoul(start);
    for (size_t at = 0; at < body.size(); ++at) {
      if (body[at] != byte_of(file, first + at)) die("every byte is the file's", head + "at " + std::to_string(at));
    }
  }

  bool more() {
    char bytes[65'536];
    const ssize_t n = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    input_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  Random random_;
  UniqueFd socket_;
  bool connected_ = false;
  std::string input_;
};

/** Clients on threads of their own; the bell rings as each ends. */
class Crowd {
 public:
  Crowd(size_t threads, size_t lives, Owner& owner, uint64_t seed) : left_(threads) {
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, &owner, i, lives, seed] {
        for (size_t life = 0; life < lives; ++life) whole_ += Client(owner.port, seed + i * 1000 + life).live();
        --left_;
        owner.bell.ring();
      });
    }
  }
  ~Crowd() { join(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  bool gone() const { return left_ == 0; }
  size_t whole() const { return whole_; }

 private:
  std::atomic<size_t> left_;
  std::atomic<size_t> whole_{0};
  std::vector<std::thread> threads_;
};

void run_traffic(size_t rounds, uint64_t seed) {
  const Site site;
  Owner owner(site, 2, seed);
  size_t whole = 0;
  for (size_t round = 0; round < rounds; ++round) {
    Crowd crowd(8, 20, owner, seed + round * 100'000);
    owner.serve([&crowd] { return crowd.gone(); });
    crowd.join();
    whole += crowd.whole();
  }
  owner.stop_gracefully();
  double sums[Counters::kSize] = {};
  owner.engine().stats(sums);
  require(sums[1] == 0, "no connection outlives the engine's stop", std::to_string(sums[1]));
  require(sums[4] == 0, "no transfer outlives the engine's stop", std::to_string(sums[4]));
  require(whole > rounds * 40, "most answers come whole", std::to_string(whole));
  std::printf("%zu connections, %zu whole answers checked, %zu planned, %zu snapshots\n", rounds * 160, whole,
              owner.answers, owner.snapshots);
}

void run_lifetime(size_t rounds, uint64_t seed) {
  const Site site;
  Random random(seed);
  size_t whole = 0;
  for (size_t round = 0; round < rounds; ++round) {
    Owner owner(site, 1 + random.below(2), seed + round);
    const size_t clients = random.below(4);
    Crowd crowd(clients, 2, owner, seed + round * 1000);
    const size_t stop_after = random.below(6);
    size_t turns = 0;
    if (clients > 0) owner.serve([&] { return crowd.gone() || turns++ == stop_after; });
    if (random.one_in(3)) owner.engine().stop(0);
    owner.end();
    crowd.join();
    whole += crowd.whole();
  }
  std::printf("%zu engines started and ended, %zu whole answers\n", rounds, whole);
}

void run_transfers(size_t rounds, uint64_t seed) {
  const Site site;
  Random random(seed);
  size_t done = 0, cut = 0;
  for (size_t round = 0; round < rounds;) {
    Owner owner(site, 2, seed + round);
    std::vector<std::thread> readers;
    std::vector<UniqueFd> lent;
    const size_t batch = std::min<size_t>(rounds - round, 16);
    std::atomic<size_t> whole{0};
    for (size_t i = 0; i < batch; ++i, ++round) {
      int pair[2];
      require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "a socket pair can be made");
      fcntl(pair[0], F_SETFL, O_NONBLOCK);
      lent.emplace_back(pair[0]);
      auto body = make_ref<Reply>();
      const size_t file = kFiles - 1 - random.below(3);
      body->file = site.open(file);
      body->way = random.one_in(2) ? Way::sendfile : Way::read;
      body->span = {0, body->file->stat().size};
      const int64_t id = owner.engine().transfer(pair[0], std::move(body));
      require(id > 0, "a transfer begins");
      if (random.one_in(3)) owner.engine().cancel(static_cast<uint64_t>(id));
      readers.emplace_back([fd = pair[1], file, &whole, vanish = random.one_in(4)] {
        const UniqueFd socket(fd);
        std::string bytes(65'536, '\0');
        size_t at = 0;
        for (ssize_t n; (n = recv(fd, bytes.data(), bytes.size(), 0)) > 0;) {
          for (ssize_t i = 0; i < n; ++i, ++at) {
            if (bytes[static_cast<size_t>(i)] != byte_of(file, at)) die("every byte of a transfer is the file's");
          }
          if (vanish && at > 100'000) return;
        }
        if (at == kSizes[file]) ++whole;
      });
    }
    const bool wait = random.one_in(2);
    if (wait) owner.serve([&] { return owner.ended == batch; });
    owner.end();
    lent.clear();
    for (std::thread& reader : readers) reader.join();
    done += whole;
    cut += batch - whole;
  }
  std::printf("%zu transfers: %zu whole and right, %zu cancelled or cut\n", rounds, done, cut);
}

void run_arena(size_t rounds, uint64_t seed) {
  const Site site;
  const Ref<Arena> arena = Arena::create(1 << 20);
  std::atomic<size_t> taken{0}, full{0};
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 3; ++number) {
    threads.emplace_back([&, number] {
      Random random(seed + number);
      std::vector<Ref<Memory>> held(24);
      for (size_t i = 0; i < rounds; ++i) {
        Ref<Memory>& slot = held[random.below(held.size())];
        const size_t file = random.below(kFiles);
        SnapshotError error = SnapshotError::none;
        slot = {};
        slot = arena->snapshot(*site.open(file), error);
        if (!slot) {
          ++full;
          continue;
        }
        ++taken;
        for (size_t at = 0; at < slot->size(); at += 1 + slot->size() / 64) {
          if (slot->data()[at] != byte_of(file, at)) die("a slot holds its file");
        }
        require(arena->used() <= arena->capacity(), "the arena keeps its budget");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  require(arena->used() == 0, "an arena without slots is empty", std::to_string(arena->used()));
  struct stat st;
  fstat(arena->fd(), &st);
  require(st.st_blocks == 0, "an empty arena holds no page", std::to_string(st.st_blocks));
  require(taken > rounds / 2, "most snapshots find room", std::to_string(taken));
  std::printf("%zu snapshots taken and dropped, %zu refused for want of room\n", taken.load(), full.load());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: engine_stress traffic|lifetime|transfers|arena ROUNDS SEED\n");
    return 2;
  }
  // As in Node.
  signal(SIGPIPE, SIG_IGN);
  const std::string scenario = arguments[1];
  const size_t rounds = std::stoul(arguments[2]);
  const uint64_t seed = std::stoull(arguments[3]);
  if (scenario == "traffic") run_traffic(rounds, seed);
  else if (scenario == "lifetime") run_lifetime(rounds, seed);
  else if (scenario == "transfers") run_transfers(rounds, seed);
  else if (scenario == "arena") run_arena(rounds, seed);
  else return 2;
  return 0;
}
