#include "engine/handshake.h"

#include "http1/connection.h"
#include "http2/connection.h"

namespace zc {

void Handshake::on_events(const StreamEvents& events) {
  if (events.broken) return fail();
  const Io io = stream_->handshake();
  if (io.result == Io::again) return;
  if (io.result == Io::moved) return finish(events);
  if (!stream_->met_plain_http()) return fail();
  service_.counters().unfinished.add(1);
  refuse(stream_->strip(), kPlainHttp);
}

void Handshake::fail() {
  service_.counters().unfinished.add(1);
  close();
}

void Handshake::finish(const StreamEvents& events) {
  Counters& counters = service_.counters();
  counters.handshakes.add(1);
  if (stream_->version() == TLS1_2_VERSION) counters.tls12.add(1);
  if (stream_->is_resumed()) counters.resumed.add(1);
  if (stream_->seals()) counters.sealed.add(1);
  const bool http2 = stream_->speaks_http2();
  // There, an answer would be for one stream, and the next would come behind it.
  if (refusal_ != 0) return http2 ? close() : refuse(std::move(stream_), refusal_);
  if (!http2) return hand_on<Http1Connection>(std::move(stream_), {}, events);
  counters.http2.add(1);
  hand_on<Http2Connection>(std::move(stream_), {}, events);
}

void Handshake::refuse(std::unique_ptr<Stream> stream, int status) {
  Http1Connection& connection = give_place<Http1Connection>(std::move(stream));
  connection.refuse(status);
  connection.on_turn();
}

void Handshake::on_timeout() {
  service_.count_timeout();
  fail();
}

}  // namespace zc
