#include "engine/handshake.h"

#include "http1/connection.h"

namespace zc {
namespace {

// Plain HTTP where TLS was due, by nginx's number: a 400 that says so.
constexpr int kPlainHttp = 497;

}  // namespace

void Handshake::on_events(const StreamEvents& events) {
  if (events.broken) return service_.close(*this);
  const Io io = stream_->handshake();
  if (io.result == Io::again) return;
  if (io.result == Io::moved) return hand_on();
  if (stream_->met_plain_http()) return refuse(stream_->strip(), kPlainHttp);
  service_.close(*this);
}

// The first request may have come with the last of the handshake, which is not announced a second time.
void Handshake::hand_on() {
  if (refused_) return refuse(std::move(stream_), 503);
  auto speaking = std::make_unique<Http1Connection>(service_, std::move(stream_));
  Http1Connection& connection = *speaking;
  service_.replace(*this, std::move(speaking));
  connection.begin();
  StreamEvents now;
  now.readable = now.writable = true;
  connection.on_events(now);
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
