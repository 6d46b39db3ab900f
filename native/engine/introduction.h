// A new client until its proxy has said who it is.
#pragma once
#include "engine/newcomer.h"
#include "engine/reception.h"

namespace zc {

class Introduction final : public Newcomer {
 public:
  /** `tls`, `refused`: what comes then (Reception::welcome). */
  Introduction(EngineService& service, Reception& reception, std::unique_ptr<SocketStream> stream, bool tls, bool refused)
      : Newcomer(service), reception_(reception), stream_(std::move(stream)), tls_(tls), refused_(refused) {}

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_timeout() override;

 private:
  bool take(size_t bytes);

  Reception& reception_;
  std::unique_ptr<SocketStream> stream_;
  const bool tls_, refused_;
};

}  // namespace zc
