// From a connection that has found out which protocol its client speaks to the one that speaks it.
#pragma once
#include <memory>
#include <string_view>

#include "engine/service.h"

namespace zc {

/** `received`: what has been read already. `events`: the last ones, and more may wait that is not announced again. */
template <class Protocol>
void hand_on(EngineService& service, Connection& known, std::unique_ptr<Stream> stream, std::string_view received,
             StreamEvents events) {
  auto speaking = std::make_unique<Protocol>(service, std::move(stream));
  Protocol& connection = *speaking;
  service.replace(known, std::move(speaking));
  connection.begin(received);
  events.readable = true;
  connection.on_events(events);
}

}  // namespace zc
