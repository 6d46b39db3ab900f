#include "engine/reception.h"

#include "engine/greeting.h"
#include "engine/handshake.h"
#include "engine/introduction.h"
#include "http1/connection.h"

namespace zc {
namespace {

constexpr uint64_t kRefusals = 128;  // connections over the limit that are told so at the same time

bool may_introduce(const Entrance& entrance, const sockaddr_storage& peer) {
  IpAddress address;
  // Whoever gets at a Unix socket was let in by its mode.
  return !to_ip(peer, address) || entrance.proxies.contain(address);
}

}  // namespace

void Reception::admit(UniqueFd socket, const sockaddr_storage& peer, const Entrance& entrance) {
  Counters& counters = service_.counters();
  const uint64_t open = counters.connections.value();
  const bool refused = open >= setup_.max_connections;
  const bool stranger = entrance.proxied && !may_introduce(entrance, peer);
  counters.accepted.add(1);
  if (refused || stranger) counters.rejected.add(1);
  if (stranger) service_.records().add(Record::unproxied).code = static_cast<uint32_t>(Unproxied::stranger);
  if (stranger || open >= setup_.max_connections + kRefusals) return;
  auto stream = std::make_unique<SocketStream>(std::move(socket), peer);
  if (!entrance.proxied) {
    greet(nullptr, std::move(stream), entrance.tls, refused);
  } else if (auto* introduction = place<Introduction>(nullptr, *this, std::move(stream), entrance.tls, refused)) {
    introduction->begin();
  }
}

bool Reception::welcome(Newcomer& known, std::unique_ptr<SocketStream> stream, bool tls, bool refused, StreamEvents events) {
  Connection* const greeted = greet(&known, std::move(stream), tls, refused);
  // Bytes behind the header are not announced again.
  events.readable = true;
  if (greeted) greeted->on_events(events);
  return known.closed;
}

Connection* Reception::greet(Newcomer* known, std::unique_ptr<SocketStream> stream, bool tls, bool refused) {
  if (tls) {
    std::unique_ptr<TlsStream> secured = tls_ ? TlsStream::make(std::move(stream), tls_, tls_scratch_) : nullptr;
    Handshake* const handshake = secured ? place<Handshake>(known, std::move(secured), refused) : nullptr;
    if (handshake) handshake->begin();
    return handshake;
  }
  if (setup_.h2c && !refused) {
    Greeting* const greeting = place<Greeting>(known, std::move(stream));
    if (greeting) greeting->begin();
    return greeting;
  }
  Http1Connection* const connection = place<Http1Connection>(known, std::move(stream));
  if (!connection) return nullptr;
  if (!refused) {
    connection->begin();
    return connection;
  }
  connection->refuse(503);
  connection->on_turn();
  return nullptr;
}

template <class Client, class... Args>
Client* Reception::place(Newcomer* known, Args&&... args) {
  auto client = std::make_unique<Client>(service_, std::forward<Args>(args)...);
  Client* const placed = client.get();
  if (!known) return service_.open(std::move(client), epoll_) ? placed : nullptr;
  service_.replace(*known, std::move(client));
  return placed;
}

}  // namespace zc
