// The exchanges of one thread: which of them somebody elsewhere knows by number, and what is counted and told of each.
#pragma once
#include <unordered_map>

#include "base/slots.h"
#include "engine/counters.h"
#include "engine/record.h"
#include "http/service.h"

namespace zc {

class Exchanges {
 public:
  Exchanges(uint32_t thread, const Turn& turn, Counters& counters, Records& records)
      : named_(thread), turn_(turn), counters_(counters), records_(records) {}

  static uint32_t thread_of(uint64_t id) { return Slots<Exchange*>::owner_of(id); }

  /** Gives it an id, until it ends. False: there are too many. */
  bool name(Exchange& exchange);
  Exchange* find(uint64_t id) const { return named_.find(id); }
  /** It sends a body for somebody else, who knows it by this number. */
  void lend(Exchange& exchange, uint64_t transfer);
  Exchange* find_transfer(uint64_t transfer) const;
  bool has_transfers() const { return !transfers_.empty(); }
  /** A transfer that could not even begin. */
  void refuse_transfer(uint64_t transfer);

  /** Its client was gone before the answer whose body was to be made. */
  void refuse_feed(uint64_t id) { end_feed(id, ExchangeEnd::gone); }

  /** What became of the content that was asked for. */
  void deliver(Exchange& exchange, Received how, std::string content);
  /** Of one that is no more, or had none. */
  void refuse_content(uint64_t id) { end_content(id, Received::gone, {}); }

  /** Nobody waits for its answer. */
  void tell_gone(uint64_t id);

  /** Its answer begins. */
  void begin(const Exchange& exchange);
  void count(const Exchange& exchange, uint64_t bytes);
  /**
   * Every exchange ends here, once. It is all there: the request's method and target, the peer, and of the answer, if it
   * had begun, status, bytes, way and reason, and since when it has been under way.
   */
  void end(Exchange& exchange, ExchangeEnd how);

 private:
  Counters::Tally& tally(const BodySource& body) {
    return counters_.bodies[static_cast<size_t>(body.way())][static_cast<size_t>(body.reason())];
  }
  void count_of_files(const BodySource& body, Feed::OfFiles files, uint64_t bytes);
  void count_end(const Exchange& exchange, ExchangeEnd how);
  void end_content(uint64_t id, Received how, std::string content);
  void end_feed(uint64_t id, ExchangeEnd how);
  void end_transfer(uint64_t transfer, ExchangeEnd how, uint64_t bytes);

  Slots<Exchange*> named_;
  std::unordered_map<uint64_t, Exchange*> transfers_;
  const Turn& turn_;
  Counters& counters_;
  Records& records_;
};

}  // namespace zc
