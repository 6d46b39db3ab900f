#include "engine/greeting.h"

#include "http1/connection.h"
#include "http2/connection.h"

namespace zc {

void Greeting::on_events(const StreamEvents& events) {
  if (events.broken) return service_.close(*this);
  if (!events.readable && !events.ended && !happened(events, stream_->receive_awaits())) return;
  char* const to = service_.turn().scratch.get();
  for (;;) {
    switch (judge_preface(received_)) {
      case Preface::begun:
        break;
      case Preface::whole:
        return hand_on<Http2Connection>(events);
      case Preface::another:
        return hand_on<Http1Connection>(events);
    }
    const Io io = stream_->receive(to, Turn::kScratch);
    if (io.result == Io::again) return;
    if (io.result != Io::moved) return service_.close(*this);
    received_.append(to, io.bytes);
  }
}

// More may wait in the stream, which is not announced a second time.
template <class Protocol>
void Greeting::hand_on(const StreamEvents& events) {
  auto speaking = std::make_unique<Protocol>(service_, std::move(stream_));
  Protocol& connection = *speaking;
  service_.replace(*this, std::move(speaking));
  connection.begin(received_);
  StreamEvents now = events;
  now.readable = true;
  connection.on_events(now);
}

void Greeting::on_timeout() {
  if (!received_.empty()) service_.count_timeout();
  service_.close(*this);
}

}  // namespace zc
