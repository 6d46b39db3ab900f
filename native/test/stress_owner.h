// The engine's owner in the stress program, in JavaScript's place.
#pragma once
#include <fcntl.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "files/arena.h"
#include "test/stress_certificates.h"
#include "test/stress_contents.h"
#include "test/stress_feeds.h"
#include "test/stress_site.h"

namespace zc::stress {

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

/** What clients may speak. */
enum class Carriage : uint8_t { http1, h2c, tls };

inline EngineSetup setup_of(const Site& site, Carriage carriage, const Ref<Arena>& arena, Random& random) {
  EngineSetup setup;
  ConnectionLimits& limits = setup.limits;
  setup.max_connections = 200;
  setup.h2c = carriage == Carriage::h2c;
  limits.header_timeout = limits.keep_alive_timeout = limits.send_timeout = 20'000;
  limits.max_drain = 65'536;
  limits.judges_clients = true;
  setup.max_of_client = setup.max_connections;
  setup.rate_of_client = {1'000'000, 1000, 1'000'000};
  setup.denied.add("192.0.2.0/24");
  if (random.one_in(3)) limits.pace = {8 << 20, 1 << 20};
  // The same directory under two names: what is known of it is known of each by itself.
  for (size_t i = 0; i < kSites; ++i) setup.sites.push_back({site.root, Symlinks::none, random.one_in(2) ? 0 : 1});
  setup.hosts.add(kSecondHost, 1);
  // Room for some of the files, among what the owner copies.
  setup.keeping = {arena, 5, 64 << 10, static_cast<uint32_t>(1 + random.below(3))};
  limits.send_chunk = 256 << 10;
  limits.sendfile_min = 16 << 10;
  limits.verify_sendfile = random.one_in(4);
  for (const int status : {400, 403, 413, 414, 421, 429, 431, 497, 503}) {
    auto reply = make_ref<Reply>();
    reply->status = static_cast<uint16_t>(status == 497 ? 400 : status);
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
  Owner(const Site& site, const Certificates& certificates, Carriage carriage, size_t threads, uint64_t seed)
      : carriage(carriage),
        random_(seed),
        site_(site),
        certificates_(certificates),
        arena_(Arena::create(512 << 10)),
        engine_(std::make_unique<Engine>(setup_of(site, carriage, arena_, random_), threads, [this] { bell.ring(); })) {
    if (carriage == Carriage::tls) renew();
    listen(threads);
    put_templates();
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
  /** In any order, some of them only when the others are on their way. */
  void answer_all() {
    std::vector<uint64_t> asked = std::exchange(postponed_, {});
    for (const Record& record : engine_->take_records()) {
      if (record.kind == Record::stopped) ++stopped;
      if (record.kind == Record::transfer_end) ++ended;
      if (record.kind == Record::drained || record.kind == Record::feed_end) feeds_.hear(*engine_, record);
      if (record.kind == Record::received && contents_.hear(record)) asked.push_back(static_cast<uint64_t>(record.id));
      if (record.kind != Record::request || contents_.ask(*engine_, record)) continue;
      (random_.one_in(4) ? postponed_ : asked).push_back(static_cast<uint64_t>(record.id));
    }
    for (const uint64_t id : contents_.give_up()) asked.push_back(id);
    for (size_t left = asked.size(); left > 0; --left) {
      std::swap(asked[left - 1], asked[random_.below(left)]);
      answer(asked[left - 1]);
    }
    received = contents_.received;
    if (!postponed_.empty() || contents_.waits()) bell.ring();
  }
  void stop_gracefully() {
    if (random_.one_in(2)) engine_->retire(static_cast<int64_t>(random_.below(200)));
    else engine_->stop(5'000);
    serve([this] { return stopped == engine_->threads(); });
  }
  Engine& engine() { return *engine_; }
  /** With whatever is in flight. */
  void end() {
    engine_.reset();
    if (lines_) lines_->end();
  }

  double count_of(std::string_view counter) const {
    double sums[Counters::kSize] = {};
    engine_->stats(sums);
    const auto* const found = std::find(std::begin(Counters::kNames), std::end(Counters::kNames), counter);
    return sums[found - std::begin(Counters::kNames)];
  }

  Bell bell;
  const Carriage carriage;
  bool proxied = false;  // clients come by a proxy
  int port = 0;
  size_t stopped = 0, ended = 0, snapshots = 0, answers = 0, fed = 0, renewals = 0, received = 0;
  double kept = 0;  // by all threads, at most

 private:
  // Fewer sockets than threads, or more: some are shared then.
  void listen(size_t threads) {
    auto entrance = make_ref<Entrance>();
    entrance->tls = carriage == Carriage::tls;
    entrance->proxied = proxied = random_.one_in(2);
    entrance->proxies.add("127.0.0.0/8");
    const Listening listening = listen_on({"127.0.0.1", 0, false}, 1 + random_.below(threads + 1), false);
    require(listening.error == 0, "it is listened", listening.reason);
    std::vector<int> sockets;
    for (const UniqueFd& socket : listening.sockets) sockets.push_back(socket.get());
    port = adopt(sockets[0]).port;
    require(engine_->listen(sockets, entrance) == 0, "the engine listens");
  }

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

  void renew() {
    const std::string error = engine_->use_tls(certificates_.setup(random_));
    require(error.empty(), "certificates can be replaced", error);
    ++renewals;
  }

  void answer(uint64_t id) {
    static constexpr Way kTried[] = {Way::mmap, Way::sendfile, Way::read};
    ++answers;
    if (random_.one_in(5)) return answer_as_made(id);
    engine_->reply(id, reply_with(random_.below(kFiles), kTried[random_.below(3)]));
    // A second reply, and one to a connection that never was, must be dropped.
    if (random_.one_in(20)) engine_->reply(id, reply_with(0, Way::read));
    if (random_.one_in(20)) engine_->reply(random_.below(uint64_t{1} << 53), reply_with(0, Way::read));
  }

  void answer_as_made(uint64_t id) {
    const size_t file = random_.below(kFiles), start = random_.below(kSizes[file] + 1);
    engine_->reply(id, Feeds::reply_of(file, start));
    feeds_.start(*engine_, id, file, start);
    ++fed;
  }

  void put_templates() {
    for (size_t file = 0; file < kFiles; ++file) {
      auto made = make_ref<FileTemplate>();
      made->fields = "ETag: \x01\r\nLast-Modified: \x02\r\nFile: " + std::to_string(file) + "\r\nStart: 0\r\n";
      made->not_modified = "ETag: \x01\r\n";
      made->steps = {{0, Way::read, Reason::cold, ""}, {32'768, Way::sendfile, Reason::size, "Sent: so\r\n"}};
      made->cached = {0, Way::mmap, Reason::hot, ""};
      made->cached_max = 100'000;
      if (file % 2 == 0) made->siblings = {".gz"};
      for (uint32_t site = 0; site < kSites; ++site) engine_->put_template(site, 0, std::to_string(file), made);
    }
  }

  void churn_directory() {
    if (!names_ && random_.one_in(50)) {
      NamesReader reader(site_.root, "", Symlinks::none, 100);
      while (reader.step()) continue;
      names_ = reader.names();
    }
    auto directory = make_ref<Directory>();
    directory->tried = {""};
    directory->like_above = random_.one_in(2);
    directory->patience = static_cast<uint32_t>(1 + random_.below(20));
    if (random_.one_in(2)) directory->names = names_;
    const auto site = static_cast<uint32_t>(random_.below(kSites));
    if (random_.one_in(10)) engine_->remove_directory(site, "");
    else engine_->put_directory(site, directory);
    engine_->set_admission(static_cast<uint32_t>(1 + random_.below(200)));
  }

  // Lines go somewhere else, nowhere, or are lost.
  void churn_log() {
    UniqueFd to(open(random_.one_in(2) ? "/dev/null" : "/dev/full", O_WRONLY | O_CLOEXEC));
    if (lines_ && random_.one_in(2)) return lines_->reopen(std::move(to));
    if (lines_) lines_->end();
    lines_ = random_.one_in(4) ? Ref<LineWriter>() : make_ref<LineWriter>(std::move(to));
    if (lines_ && lines_->start() != 0) lines_ = {};
    auto format = make_ref<LogFormat>();
    format->json = random_.one_in(2);
    format->fields = bit(kHost) | bit(kUserAgent);
    for (size_t i = 0; i < std::size(kLogValueNames); ++i) format->steps.push_back({static_cast<LogValue>(i), kHost});
    engine_->log_access(lines_, lines_ ? Ref<const LogFormat>(format) : Ref<const LogFormat>());
  }

  void churn() {
    if (random_.one_in(20)) churn_log();
    kept = std::max(kept, count_of("kept"));
    if (carriage == Carriage::tls && random_.one_in(30)) renew();
    if (random_.one_in(4)) churn_directory();
    const size_t path = random_.below(8);
    uint64_t& handle = handles_[path];
    const size_t file = random_.below(kFiles);
    if (random_.one_in(3)) {
      engine_->remove(handle);
      auto entry = make_ref<HotEntry>();
      entry->site = static_cast<uint32_t>(random_.below(kSites));
      entry->path = "/" + std::to_string(path);
      entry->judged = bit(kRange) | bit(kIfNoneMatch);
      const std::string version = random_.one_in(8) ? "other" : site_.open(file)->stat().version();
      entry->evidence.push_back({Site::path_of(file), version});
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
  Feeds feeds_{random_, site_};
  Contents contents_{random_};
  const Certificates& certificates_;
  Ref<Arena> arena_;
  Ref<DirectoryNames> names_;
  uint64_t handles_[8] = {};
  std::vector<uint64_t> postponed_;
  Ref<LineWriter> lines_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace zc::stress
