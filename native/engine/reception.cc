#include "engine/reception.h"

#include "engine/greeting.h"
#include "engine/handshake.h"
#include "http1/connection.h"
#include "net/client_key.h"

namespace zc {
namespace {

constexpr uint64_t kRefusals = 128;  // connections over the limit that are told so at the same time
constexpr uint64_t kRefusalsOfClient = 16;  // the same, of one client

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
  } else if (auto* introduction = place<Introduction>(nullptr, {}, *this, std::move(stream), entrance.tls, refused)) {
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

Arrival Reception::receive(const sockaddr_storage& peer) {
  Arrival arrival;
  IpAddress address;
  if (!to_ip(peer, address)) return arrival;
  if (setup_.max_of_client > 0) arrival.presence = Presence(presences_, client_key(peer));
  const bool allowed = setup_.allowed.empty() || setup_.allowed.contain(address);
  arrival.forbidden = !allowed || setup_.denied.contain(address);
  return arrival;
}

// A proxy's client is known by now.
Connection* Reception::greet(Newcomer* known, std::unique_ptr<SocketStream> stream, bool tls, bool refused) {
  Arrival arrival = receive(stream->peer());
  const uint64_t there = arrival.presence.count();
  const bool surplus = there > setup_.max_of_client;
  if (surplus && !refused) service_.counters().rejected.add(1);
  if (there > setup_.max_of_client + kRefusalsOfClient) return nullptr;
  const int refusal = refused ? 503 : surplus ? 429 : 0;
  if (tls) {
    std::unique_ptr<TlsStream> secured = tls_ ? TlsStream::make(std::move(stream), tls_, tls_scratch_) : nullptr;
    Handshake* const handshake = secured ? place<Handshake>(known, std::move(arrival), std::move(secured), refusal) : nullptr;
    if (handshake) handshake->begin();
    return handshake;
  }
  if (setup_.h2c && refusal == 0) {
    Greeting* const greeting = place<Greeting>(known, std::move(arrival), std::move(stream));
    if (greeting) greeting->begin();
    return greeting;
  }
  Http1Connection* const connection = place<Http1Connection>(known, std::move(arrival), std::move(stream));
  if (!connection) return nullptr;
  if (refusal == 0) {
    connection->begin();
    return connection;
  }
  connection->refuse(refusal);
  connection->on_turn();
  return nullptr;
}

template <class Client, class... Args>
Client* Reception::place(Newcomer* known, Arrival arrival, Args&&... args) {
  auto client = std::make_unique<Client>(service_, std::forward<Args>(args)...);
  Client* const placed = client.get();
  if (!known) {
    placed->arrival = std::move(arrival);
    return service_.open(std::move(client), epoll_) ? placed : nullptr;
  }
  known->arrival = std::move(arrival);
  service_.replace(*known, std::move(client));
  return placed;
}

}  // namespace zc
