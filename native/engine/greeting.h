// A new client until its first bytes have said which HTTP it speaks: then the connection that speaks it takes its place.
#pragma once
#include <string>

#include "engine/service.h"

namespace zc {

class Greeting final : public Connection {
 public:
  Greeting(EngineService& service, std::unique_ptr<Stream> stream)
      : service_(service), stream_(std::move(stream)) {}

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
  EngineService& service_;
  std::unique_ptr<Stream> stream_;
  std::string received_;
};

}  // namespace zc
