// A new client until TLS is agreed upon, and with it the protocol.
#pragma once
#include "engine/newcomer.h"
#include "net/tls_stream.h"

namespace zc {

class Handshake final : public Newcomer {
 public:
  /** Plain HTTP where TLS was due, by nginx's number: a 400 that says so. */
  static constexpr int kPlainHttp = 497;

  /** `refusal`: the status of which the client is told once it can be told, or 0. */
  Handshake(EngineService& service, std::unique_ptr<TlsStream> stream, int refusal)
      : Newcomer(service), stream_(std::move(stream)), refusal_(refusal) {}

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_timeout() override;

 private:
  void finish(const StreamEvents& events);
  void fail();
  void refuse(std::unique_ptr<Stream> stream, int status);

  std::unique_ptr<TlsStream> stream_;
  const int refusal_;
};

}  // namespace zc
