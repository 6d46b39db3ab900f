// An HTTP/1 connection on a stream that is no socket, at a desk, and what is claimed of them: a line each.
#pragma once
#include <cstdio>
#include <memory>

#include "http1/connection.h"
#include "test/desk.h"
#include "test/record_stream.h"

namespace zc {

inline void claim(bool holds, const std::string& text) { std::printf("%s %s\n", holds ? "ok" : "not ok", text.c_str()); }

/** A connection on such a stream, and a loop that gives it the events that it waits for, and no others. */
struct Client {
  explicit Client(Desk& desk, RecordStream::Habits habits) : desk(desk) {
    auto made = std::make_unique<RecordStream>(habits);
    stream = made.get();
    connection = std::make_unique<Http1Connection>(desk, std::move(made));
    connection->begin();
  }

  /** What the peer sends arrives as one event. False: it came to rest before `done` held. */
  template <class Done>
  bool run(std::string_view request, Done done) {
    stream->deliver(request);
    StreamEvents event;
    event.readable = true;
    for (int i = 0; i < 100'000 && !done(); ++i) {
      connection->on_events(event);
      event = {};
      while (desk.queued && !done()) std::exchange(desk.queued, nullptr)->on_turn();
      if (Exchange* paged = std::exchange(desk.paged, nullptr)) connection->on_paged(*paged);
      if (done()) return true;
      // Only what the stream waits for happens, once.
      const auto awaited = std::exchange(stream->awaited, std::nullopt);
      if (!awaited) return false;
      stream->granted = true;
      (*awaited == Stream::Await::readable ? event.readable : event.writable) = true;
    }
    return done();
  }

  Desk& desk;
  RecordStream* stream;
  std::unique_ptr<Http1Connection> connection;
};

inline std::string answer_of(const std::string& bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) +
         "\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n" + bytes;
}

}  // namespace zc
