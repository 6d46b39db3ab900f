// Drives the engine as its owner does, with clients that misbehave, for the sanitizers to watch; built and run by
// test/sanitize.
//
// engine_stress SCENARIO ROUNDS SEED CERTIFICATES: `http1`, `h2c` and `tls` have one engine that speaks it and ROUNDS rounds of clients,
// `lifetime` starts and ends ROUNDS engines, `transfers` lends ROUNDS sockets, `arena` has three threads that fill and empty
// one, `introductions` lets ROUNDS clients in that come by a proxy. Exits with 1 at the first wrong byte; prints what was tried.
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "engine/reception.h"
#include "test/stress_crowd.h"

namespace zc::stress {
namespace {

void run_traffic(const Certificates& certificates, Carriage carriage, size_t rounds, uint64_t seed) {
  const Site site;
  Owner owner(site, certificates, carriage, 4, seed);
  size_t whole = 0;
  for (size_t round = 0; round < rounds; ++round) {
    Crowd crowd(8, 20, owner, seed + round * 100'000);
    owner.serve([&crowd] { return crowd.gone(); });
    crowd.join();
    whole += crowd.whole();
  }
  // The last ones are in the midst of it when the engine stops.
  const double before = owner.count_of("accepted");
  Crowd crowd(8, 20, owner, seed + rounds * 100'000);
  owner.serve([&] { return crowd.gone() || owner.count_of("accepted") >= before + 20; });
  owner.stop_gracefully();
  crowd.join();
  require(owner.count_of("connections") == 0, "no connection outlives the engine's stop");
  require(owner.count_of("transfers") == 0, "no transfer outlives the engine's stop");
  require(owner.count_of("timeouts") == 0, "nobody waits for what does not come");
  require(whole > rounds * 40, "most answers come whole", std::to_string(whole));
  require(owner.count_of("opened") > 0, "some files are opened by the engine");
  std::printf("%.0f connections, %zu whole answers checked, %zu planned, %zu of them made while they were sent, %zu with content that was received, %zu snapshots, up to %.0f files kept\n",
              owner.count_of("accepted"), whole, owner.answers, owner.fed, owner.received, owner.snapshots, owner.kept);
  require(owner.kept > 0, "threads keep files by themselves");
  require(owner.received > 0, "some content is received");
  if (carriage == Carriage::http1) return;
  require(owner.count_of("http2") > 0, "some speak HTTP/2");
  std::printf("%.0f of HTTP/2\n", owner.count_of("http2"));
  if (carriage == Carriage::h2c) return;
  require(owner.count_of("tls12") > 0 && owner.count_of("resumed") > 0, "some speak TLS 1.2, some go on with a session");
  const double sealed = owner.count_of("sealed"), handshakes = owner.count_of("handshakes");
  require(sealed > 0 && sealed < handshakes - owner.count_of("tls12"), "of TLS 1.3, some have records of our own");
  std::printf("%.0f handshakes, %.0f of TLS 1.2, %.0f resumed, %.0f with records of our own, %zu renewals\n", handshakes,
              owner.count_of("tls12"), owner.count_of("resumed"), sealed, owner.renewals);
}

void run_lifetime(const Certificates& certificates, size_t rounds, uint64_t seed) {
  const Site site;
  Random random(seed);
  size_t whole = 0;
  for (size_t round = 0; round < rounds; ++round) {
    const auto carriage = static_cast<Carriage>(random.below(3));
    Owner owner(site, certificates, carriage, 1 + random.below(2), seed + round);
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

void run_transfers(const Certificates& certificates, size_t rounds, uint64_t seed) {
  const Site site;
  Random random(seed);
  size_t done = 0, cut = 0;
  for (size_t round = 0; round < rounds;) {
    Owner owner(site, certificates, Carriage::http1, 2, seed + round);
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

// What a proxy says of a client is what is known of the client, in whatever pieces it comes; without threads.
void run_introductions(size_t rounds, uint64_t seed) {
  struct Introduced {
    std::string_view header;
    sa_family_t family;
    uint16_t port;
  };
  // Of nobody: the socket's own.
  static constexpr Introduced kIntroduced[] = {
      {"PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n", AF_INET, 50000},
      {"PROXY TCP6 2001:db8::7 2001:db8::1 50001 443\r\n", AF_INET6, 50001},
      {"PROXY UNKNOWN\r\n", AF_UNIX, 0},
      {{"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x01\xc3\x52\x01\xbb", 28}, AF_INET, 50002},
      {{"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16}, AF_UNIX, 0},
  };
  EngineSetup setup;
  setup.max_connections = 2;
  setup.limits.header_timeout = setup.limits.keep_alive_timeout = 20'000;
  auto shared = make_ref<EngineShared>(std::move(setup), [] {});
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  EngineService service(0, *shared, make_ref<Inbox>());
  Reception reception(service, *shared, epoll.get());
  Entrance entrance;
  entrance.proxied = true;
  Random random(seed);
  for (size_t round = 0; round < rounds; ++round) {
    const Introduced& said = kIntroduced[random.below(std::size(kIntroduced))];
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0, "a socket pair can be made");
    const UniqueFd client(pair[1]);
    sockaddr_storage own{};
    own.ss_family = AF_UNIX;
    reception.admit(UniqueFd(pair[0]), own, entrance);
    uint64_t id = 0;
    // What stands behind the header is the beginning of a request.
    const std::string bytes = std::string(said.header) + "GET";
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = std::min(bytes.size() - at, 1 + static_cast<size_t>(random.below(bytes.size())));
      require(send(client.get(), bytes.data() + at, size, 0) == static_cast<ssize_t>(size), "bytes are sent");
      at += size;
      service.begin_turn();
      epoll_event event{};
      require(epoll_wait(epoll.get(), &event, 1, 0) == 1, "bytes are announced");
      id = event.data.u64;
      StreamEvents happened;
      happened.readable = true;
      if (Connection* connection = service.find_connection(id)) connection->on_events(happened);
      service.end_turn();
    }
    Connection* const connection = service.find_connection(id);
    require(connection != nullptr, "the client is here");
    const sockaddr_storage& peer = connection->stream().peer();
    // The port stands at the same place for both families.
    const uint16_t port = peer.ss_family == AF_UNIX ? 0 : ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port);
    require(peer.ss_family == said.family && port == said.port, "its address is what the proxy has said", std::string(said.header));
    char left;
    require(recv(pair[0], &left, 1, 0) < 0, "what follows was read by whoever came next");
    connection->abandon(ExchangeEnd::gone);
    service.end_turn();
    require(service.idle(), "nothing is left of it");
  }
  std::printf("%zu clients introduced\n", rounds);
}

}  // namespace
}  // namespace zc::stress

int main(int count, char** arguments) {
  using namespace zc::stress;
  if (count != 5) {
    std::fprintf(stderr, "usage: engine_stress http1|h2c|tls|lifetime|transfers|arena|introductions ROUNDS SEED CERTIFICATES\n");
    return 2;
  }
  // As in Node.
  signal(SIGPIPE, SIG_IGN);
  const std::string scenario = arguments[1];
  const size_t rounds = std::stoul(arguments[2]);
  const uint64_t seed = std::stoull(arguments[3]);
  const Certificates certificates(arguments[4]);
  if (scenario == "http1") run_traffic(certificates, Carriage::http1, rounds, seed);
  else if (scenario == "h2c") run_traffic(certificates, Carriage::h2c, rounds, seed);
  else if (scenario == "tls") run_traffic(certificates, Carriage::tls, rounds, seed);
  else if (scenario == "lifetime") run_lifetime(certificates, rounds, seed);
  else if (scenario == "transfers") run_transfers(certificates, rounds, seed);
  else if (scenario == "arena") run_arena(rounds, seed);
  else if (scenario == "introductions") run_introductions(rounds, seed);
  else return 2;
  return 0;
}
