// A client of whom it is not yet known which protocol it speaks: then the connection that speaks it takes its place.
#pragma once
#include <memory>
#include <string_view>
#include <utility>

#include "engine/service.h"

namespace zc {

/** Has one header timeout, and no exchange. */
class Newcomer : public Connection {
 public:
  /** It is watched: the first bytes may come. */
  void begin() { service_.arm(*this, service_.limits().header_timeout); }

  /** Never: it asks for none. */
  void on_turn() final {}
  void on_answer(Exchange&, Ref<const Reply>) final {}
  void on_paged(Exchange&) final {}
  void stop() final { close(); }
  void abandon(ExchangeEnd) final { close(); }

 protected:
  explicit Newcomer(EngineService& service) : service_(service) {}

  void close() { service_.close(*this); }
  /** To a connection of this kind, in this one's place: it lives to the end of the turn at least. */
  template <class Protocol>
  Protocol& give_place(std::unique_ptr<Stream> stream) {
    auto speaking = std::make_unique<Protocol>(service_, std::move(stream));
    Protocol& connection = *speaking;
    service_.replace(*this, std::move(speaking));
    return connection;
  }
  /** `received`: what has been read already. `events`: the last ones, and more may wait that is not announced again. */
  template <class Protocol>
  void hand_on(std::unique_ptr<Stream> stream, std::string_view received, StreamEvents events) {
    Protocol& connection = give_place<Protocol>(std::move(stream));
    connection.begin(received);
    events.readable = true;
    connection.on_events(events);
  }

  EngineService& service_;
};

}  // namespace zc
