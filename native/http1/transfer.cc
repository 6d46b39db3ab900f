#include "http1/transfer.h"

namespace zc {

Transfer::Transfer(Service& service, std::unique_ptr<Stream> stream)
    : service_(service), stream_(std::move(stream)), exchange_(*this) {
  is_client = false;
}

void Transfer::begin(Ref<const Reply> body) {
  exchange_.began = service_.turn().now;
  exchange_.body.start(std::move(body), false, stream_->takes_files(), service_.limits().verify_sendfile);
  out_.start_body();
  service_.begin(exchange_);
  service_.arm(*this, service_.limits().send_timeout);
  send();
}

void Transfer::on_events(const StreamEvents& events) {
  if (events.broken) return abandon(ExchangeEnd::gone);
  if (state_ != State::page && events.writable) send();
}

void Transfer::send() {
  const int64_t timeout = service_.limits().send_timeout;
  const bool verifying = state_ == State::verify;
  state_ = State::send;
  const uint64_t before = exchange_.body.sent();
  const SendResult result =
      out_.send(*stream_, exchange_.body, service_.limits(), service_.turn().now, false);
  service_.count(exchange_, exchange_.body.sent() - before);
  switch (result) {
    case SendResult::done:
      service_.end(exchange_, ExchangeEnd::done);
      return service_.close(*this);
    case SendResult::again:
      return service_.arm(*this, timeout);
    case SendResult::yield:
      service_.arm(*this, timeout);
      return service_.requeue(*this);
    case SendResult::unacked:
      if (!verifying) service_.arm(*this, timeout);
      state_ = State::verify;
      return service_.recheck(*this);
    case SendResult::cold:
      state_ = State::page;
      service_.arm(*this, timeout);
      if (service_.page_in(exchange_)) return;
      service_.count_timeout();
      return abandon(ExchangeEnd::timed_out);
    case SendResult::gone:
      return abandon(ExchangeEnd::gone);
    case SendResult::broken:
      return abandon(ExchangeEnd::file_fault);
  }
}

void Transfer::on_paged(Exchange& exchange) {
  if (state_ != State::page) return;
  state_ = State::send;
  exchange.body.set_paged(service_.turn().now);
  send();
}

void Transfer::on_timeout() {
  service_.count_timeout();
  abandon(ExchangeEnd::timed_out);
}

void Transfer::abandon(ExchangeEnd why) {
  service_.end(exchange_, why);
  service_.close(*this);
}

}  // namespace zc
