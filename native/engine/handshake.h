// A new client until TLS is agreed upon: then the connection that speaks the protocol it has chosen takes its place.
#pragma once
#include "engine/service.h"
#include "net/tls_stream.h"

namespace zc {

class Handshake final : public Connection {
 public:
  /** `refused`: there are too many clients, which is said once it can be said. */
  Handshake(EngineService& service, std::unique_ptr<TlsStream> stream, bool refused)
      : service_(service), stream_(std::move(stream)), refused_(refused) {}

  /** It is watched: the first bytes may come. */
  void begin() { service_.arm(*this, service_.limits().header_timeout); }

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  /** Never: it asks for none. */
  void on_turn() override {}
  void on_timeout() override;
  /** Never: it has no exchange. */
  void on_answer(Exchange&, Ref<const Reply>) override {}
  void on_paged(Exchange&) override {}
  void stop() override { service_.close(*this); }
  void abandon(ExchangeEnd) override { service_.close(*this); }

 private:
  void finish(const StreamEvents& events);
  void refuse(std::unique_ptr<Stream> stream, int status);

  EngineService& service_;
  std::unique_ptr<TlsStream> stream_;
  const bool refused_;
};

}  // namespace zc
