#include "http1/transfer.h"

namespace zc {

Transfer::Transfer(Service& service, std::unique_ptr<Stream> stream)
    : service_(service), stream_(std::move(stream)), exchange_(*this), sender_(service, *this, exchange_) {
  is_client = false;
}

void Transfer::begin(Ref<const Reply> body) {
  exchange_.began = service_.turn().now;
  sender_.start_body(std::move(body));
  service_.arm(*this, service_.limits().send_timeout);
  send();
}

void Transfer::on_events(const StreamEvents& events) {
  if (events.broken) return abandon(ExchangeEnd::gone);
  if (sender_.can_go_on(events)) send();
}

void Transfer::send() {
  if (const std::optional<ExchangeEnd> end = sender_.send(false)) abandon(*end);
}

void Transfer::on_paged(Exchange&) {
  if (!sender_.is_paging()) return;
  sender_.set_paged();
  send();
}

void Transfer::on_timeout() {
  if (sender_.is_held_back()) return send();
  service_.count_timeout();
  abandon(ExchangeEnd::timed_out);
}

void Transfer::abandon(ExchangeEnd how) {
  service_.end(exchange_, how);
  service_.close(*this);
}

}  // namespace zc
