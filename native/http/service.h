// What a connection asks of the thread that runs it.
#pragma once
#include <memory>

#include "http/connection.h"
#include "http/date.h"
#include "http/limits.h"

namespace zc {

/** What is the same for all connections of a thread in one turn of its loop. */
struct Turn {
  static constexpr size_t kScratch = 32 << 10;  // bytes of one receive

  int64_t now = 0;   // ms, monotonic
  int64_t wall = 0;  // ms since the epoch
  HttpDate date;
  bool stopping = false;
  bool retiring = false;  // others take our place: each connection's next answer is its last
  FieldSet noted = 0;  // bits of the fields that an exchange keeps of its request
  /** For bytes that are used up before the next call. */
  const std::unique_ptr<char[]> scratch{new char[kScratch]};
};

class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  virtual const Turn& turn() const = 0;
  virtual const ConnectionLimits& limits() const = 0;

  /** The answer to a client that may not ask, or asks too often, whatever it asks; null: it may. See limits().judges_clients. */
  virtual Ref<const Reply> judge(Connection& connection) = 0;
  /** A prepared reply to this request of the exchange, which has its site from now on; or null. */
  virtual Ref<const Reply> find(Exchange& exchange, const RequestHead& head) = 0;
  /** The answer comes by Connection::on_answer, unless the exchange ends before. */
  virtual void ask(Exchange& exchange, Request request) = 0;
  /** How what Connection::on_receive began has ended; `content`: all of it. */
  virtual void deliver(Exchange& exchange, Received how, std::string content) = 0;
  /** The prepared answer of an error; null where there is none. */
  virtual Ref<const Reply> error(int status) = 0;
  /** Has the exchange's body paged in; Connection::on_paged comes. False: so many wait for the disk that this one need not. */
  virtual bool page_in(Exchange& exchange) = 0;

  /** The exchange's answer begins to be sent. */
  virtual void begin(Exchange& exchange) = 0;
  /** So much of its body has left. */
  virtual void count(const Exchange& exchange, uint64_t bytes) = 0;
  /** It is over, with or without an answer: once for each that was asked for or begun. */
  virtual void end(Exchange& exchange, ExchangeEnd how) = 0;
  /** A client was too slow. */
  virtual void count_timeout() = 0;

  /** The connection's timeout, from now. Later than the one before costs nothing. */
  virtual void arm(Connection& connection, int64_t ms) = 0;
  virtual void disarm(Connection& connection) = 0;
  /** Another turn: at once, but after everybody else's. */
  virtual void requeue(Connection& connection) = 0;
  /** Another turn in a millisecond: nothing tells when a peer has acknowledged. */
  virtual void recheck(Connection& connection) = 0;
  /** Closes the stream. The connection lives on to the end of the turn. */
  virtual void close(Connection& connection) = 0;
};

}  // namespace zc
