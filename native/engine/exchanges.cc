#include "engine/exchanges.h"

#include <utility>

namespace zc {
namespace {

// A longer target is not kept for the next exchange of the connection.
constexpr size_t kKeptTarget = 512;
// Bytes of a feed that have left before its maker is told: whoever makes little need not hear of it.
constexpr uint64_t kTold = 64 << 10;

}  // namespace

bool Exchanges::name(Exchange& exchange) {
  if (exchange.id == 0) exchange.id = named_.add(&exchange);
  return exchange.id != 0;
}

void Exchanges::lend(Exchange& exchange, uint64_t transfer) {
  exchange.transfer = transfer;
  transfers_[transfer] = &exchange;
}

Exchange* Exchanges::find_transfer(uint64_t transfer) const {
  const auto found = transfers_.find(transfer);
  return found == transfers_.end() ? nullptr : found->second;
}

void Exchanges::refuse_transfer(uint64_t transfer) { end_transfer(transfer, ExchangeEnd::gone, 0); }

void Exchanges::begin(const Exchange& exchange) {
  counters_.transfers.add(1);
  // It has an id since TypeScript was asked.
  if (exchange.id != 0) counters_.planned.add(1);
}

void Exchanges::count(const Exchange& exchange, uint64_t bytes) {
  Feed* const feed = exchange.body.feed();
  if (feed) count_of_files(exchange.body, feed->take_of_files(), bytes);
  else tally(exchange.body).bytes.add(bytes);
  if (!feed || feed->spent() < kTold) return;
  Record& record = records_.add(Record::drained);
  record.id = static_cast<double>(exchange.id);
  record.bytes = static_cast<double>(feed->take_spent());
}

// Those of files are counted by the way that they really took.
void Exchanges::count_of_files(const BodySource& body, Feed::OfFiles files, uint64_t bytes) {
  const auto of = [this](Way way, Reason reason) -> Counter& {
    return counters_.bodies[static_cast<size_t>(way)][static_cast<size_t>(reason)].bytes;
  };
  tally(body).bytes.add(bytes - files.sent - files.read);
  of(Way::sendfile, Reason::size).add(files.sent);
  of(Way::read, body.takes_files() ? Reason::size : Reason::transport).add(files.read);
}

void Exchanges::end(Exchange& exchange, ExchangeEnd how) {
  BodySource& body = exchange.body;
  if (exchange.receives) deliver(exchange, Received::gone, {});
  if (std::exchange(exchange.watched, false) && !body.active()) tell_gone(exchange.id);
  if (body.active()) {
    const File* source = body.faulty();
    count_end(exchange, how);
    if (how == ExchangeEnd::done && body.refused()) {
      counters_.refused.add(1);
      Record& record = records_.add(Record::refused);
      record.site = exchange.site;
      record.text = source->path();
    }
    if (body.feed()) end_feed(exchange.id, how);
    // A feed that could not be made is its maker's.
    if (how == ExchangeEnd::file_fault && (source || !body.feed())) {
      Record& record = records_.add(Record::file_fault);
      record.site = exchange.site;
      if (source) record.text = source->path();
      record.code = static_cast<uint32_t>(body.fault());
      record.error = body.fault_error();
    }
  }
  if (exchange.transfer != 0) {
    end_transfer(exchange.transfer, how, body.sent());
    transfers_.erase(exchange.transfer);
  }
  named_.remove(exchange.id);
  exchange.id = 0;
  body.clear();
  if (exchange.target.capacity() > kKeptTarget) exchange.target = {};
}

void Exchanges::count_end(const Exchange& exchange, ExchangeEnd how) {
  const BodySource& body = exchange.body;
  counters_.transfers.subtract(1);
  counters_.count_end(exchange.protocol, body.reply().status);
  switch (how) {
    case ExchangeEnd::done:
      tally(body).responses.add(1);
      counters_.durations.add(static_cast<uint64_t>(turn_.now - exchange.began), kDurationBounds);
      counters_.sizes.add(body.sent(), kSizeBounds);
      return;
    case ExchangeEnd::file_fault:
      return counters_.truncated.add(1);
    case ExchangeEnd::gone:
    case ExchangeEnd::timed_out:
      return counters_.aborted.add(1);
    case ExchangeEnd::cancelled:
      return counters_.cancelled.add(1);
  }
}

void Exchanges::deliver(Exchange& exchange, Received how, std::string content) {
  exchange.receives = false;
  end_content(exchange.id, how, std::move(content));
}

void Exchanges::end_content(uint64_t id, Received how, std::string content) {
  Record& record = records_.add(Record::received);
  record.id = static_cast<double>(id);
  record.code = static_cast<uint32_t>(how);
  record.text = std::move(content);
}

void Exchanges::tell_gone(uint64_t id) { records_.add(Record::gone).id = static_cast<double>(id); }

void Exchanges::end_feed(uint64_t id, ExchangeEnd how) {
  Record& record = records_.add(Record::feed_end);
  record.id = static_cast<double>(id);
  record.code = static_cast<uint32_t>(how);
}

void Exchanges::end_transfer(uint64_t transfer, ExchangeEnd how, uint64_t bytes) {
  Record& record = records_.add(Record::transfer_end);
  record.id = static_cast<double>(transfer);
  record.code = static_cast<uint32_t>(how);
  record.bytes = static_cast<double>(bytes);
}

}  // namespace zc
