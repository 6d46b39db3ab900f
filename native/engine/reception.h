// New clients: who is let in, and what is spoken with them first.
#pragma once
#include "engine/acceptor.h"
#include "engine/introduction.h"
#include "net/tls_stream.h"

namespace zc {

class Reception final : public Welcoming {
 public:
  Reception(EngineService& service, EngineShared& shared, int epoll)
      : service_(service), setup_(shared.setup), presences_(shared.presences), epoll_(epoll) {}

  /** For those that come from now on. */
  void use_tls(Ref<TlsContext> tls) { tls_ = std::move(tls); }
  void admit(UniqueFd socket, const sockaddr_storage& peer, const Entrance& entrance);
  bool welcome(Newcomer& known, std::unique_ptr<SocketStream> stream, bool tls, bool refused, StreamEvents events) override;

 private:
  Arrival receive(const sockaddr_storage& peer);
  /** In the place of `known`, or as a new one where that is null. Returns what goes on with its events, or null. */
  Connection* greet(Newcomer* known, std::unique_ptr<SocketStream> stream, bool tls, bool refused);
  /** Null: there is no room for it. */
  template <class Client, class... Args>
  Client* place(Newcomer* known, Arrival arrival, Args&&... args);

  EngineService& service_;
  const EngineSetup& setup_;
  Presences& presences_;
  const int epoll_;
  Ref<TlsContext> tls_;
  TlsScratch tls_scratch_;
};

}  // namespace zc
