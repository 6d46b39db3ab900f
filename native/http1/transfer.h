// The body of somebody else's response, on a socket that they have lent for it.
#pragma once
#include "http/service.h"
#include "http1/sender.h"

namespace zc {

class Transfer final : public Connection {
 public:
  /** Not begun before it is watched: see begin(). */
  Transfer(Service& service, std::unique_ptr<Stream> stream);

  void begin(Ref<const Reply> body);

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_turn() override { send(); }
  void on_timeout() override;
  /** Never: it asks nothing. */
  void on_answer(Exchange&, Ref<const Reply>) override {}
  void on_paged(Exchange& exchange) override;
  /** It is part of an answer that has begun. */
  void stop() override {}
  void abandon(ExchangeEnd how) override;

  Exchange& exchange() { return exchange_; }

 private:
  void send();

  Service& service_;
  const std::unique_ptr<Stream> stream_;
  Exchange exchange_;
  Sender sender_;
};

}  // namespace zc
