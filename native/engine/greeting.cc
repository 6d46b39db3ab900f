#include "engine/greeting.h"

#include "http1/connection.h"
#include "http2/connection.h"

namespace zc {

void Greeting::on_events(const StreamEvents& events) {
  if (events.broken) return close();
  if (!events.readable && !events.ended && !happened(events, stream_->receive_awaits())) return;
  char* const to = service_.turn().scratch.get();
  for (;;) {
    switch (judge_preface(received_)) {
      case Preface::begun:
        break;
      case Preface::whole:
        service_.counters().http2.add(1);
        return hand_on<Http2Connection>(std::move(stream_), received_, events);
      case Preface::another:
        return hand_on<Http1Connection>(std::move(stream_), received_, events);
    }
    const Io io = stream_->receive(to, Turn::kScratch);
    if (io.result == Io::again) return;
    if (io.result != Io::moved) return close();
    received_.append(to, io.bytes);
  }
}

void Greeting::on_timeout() {
  if (!received_.empty()) service_.count_timeout();
  close();
}

}  // namespace zc
