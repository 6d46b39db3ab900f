#include "engine/handshake.h"

#include "engine/hand_on.h"
#include "http1/connection.h"
#include "http2/connection.h"

namespace zc {
namespace {

// Plain HTTP where TLS was due, by nginx's number: a 400 that says so.
constexpr int kPlainHttp = 497;

}  // namespace

void Handshake::on_events(const StreamEvents& events) {
  if (events.broken) return service_.close(*this);
  const Io io = stream_->handshake();
  if (io.result == Io::again) return;
  if (io.result == Io::moved) return finish(events);
  if (stream_->met_plain_http()) return refuse(stream_->strip(), kPlainHttp);
  service_.close(*this);
}

void Handshake::finish(const StreamEvents& events) {
  Counters& counters = service_.counters();
  counters.handshakes.add(1);
  if (stream_->version() == TLS1_2_VERSION) counters.tls12.add(1);
  if (stream_->is_resumed()) counters.resumed.add(1);
  const bool http2 = stream_->speaks_http2();
  // There, a 503 would be for one stream, and the next would come behind it.
  if (refused_) return http2 ? service_.close(*this) : refuse(std::move(stream_), 503);
  if (!http2) return hand_on<Http1Connection>(service_, *this, std::move(stream_), {}, events);
  counters.http2.add(1);
  hand_on<Http2Connection>(service_, *this, std::move(stream_), {}, events);
}

void Handshake::refuse(std::unique_ptr<Stream> stream, int status) {
  auto speaking = std::make_unique<Http1Connection>(service_, std::move(stream));
  Http1Connection& connection = *speaking;
  service_.replace(*this, std::move(speaking));
  connection.refuse(status);
  connection.on_turn();
}

void Handshake::on_timeout() {
  service_.count_timeout();
  service_.close(*this);
}

}  // namespace zc
