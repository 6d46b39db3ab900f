// A client on its stream, whatever protocol they speak: what an engine thread watches.
#pragma once
#include "base/timer_wheel.h"
#include "http/exchange.h"
#include "net/presence.h"
#include "net/stream.h"

namespace zc {

/** What is known of a client since it came. */
struct Arrival {
  Presence presence;
  bool forbidden = false;  // its address may not ask
};

class Connection : public Timer {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  virtual Stream& stream() = 0;
  virtual void on_events(const StreamEvents& events) = 0;
  /** It has asked for another turn. */
  virtual void on_turn() = 0;
  virtual void on_timeout() = 0;
  /** To an exchange that Service::ask was called for. */
  virtual void on_answer(Exchange& exchange, Ref<const Reply> reply) = 0;
  /** Somebody wants the content of its request, at most so many bytes: Service::deliver is called, unless the exchange ends. */
  virtual void on_receive(Exchange&, uint64_t) {}
  /** Exchange::watched is set: a client that has half-closed takes no answer that may be long in coming (RFC 9112 §9.6). */
  virtual void on_watch(Exchange&) {}
  /** What Service::page_in was called for is in memory, or will never be. */
  virtual void on_paged(Exchange& exchange) = 0;
  /** More of a body that is made while it is sent is here, or its end. */
  virtual void on_fed(Exchange&) {}
  /** Whoever comes next comes to others (Turn::retiring): asks the client to come anew, and closes when it need not wait. */
  virtual void retire() {}
  /** Answers no further request: closes now if it waits for one. */
  virtual void stop() = 0;
  /** Closes, whatever is under way. */
  virtual void abandon(ExchangeEnd why) = 0;

  /** Of the thread that runs it. */
  uint64_t id = 0;
  bool queued = false;
  bool closed = false;
  /** It has come through our own listener; the other sockets are lent to us. */
  bool is_client = true;
  Arrival arrival;
};

}  // namespace zc
