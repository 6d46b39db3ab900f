// HTTP/2 on a stream: frames in, frames out. RFC 9113.
#pragma once
#include "http/service.h"
#include "http2/frame.h"

namespace zc {

class Http2Connection final : public Connection {
 public:
  Http2Connection(Service& service, std::unique_ptr<Stream> stream)
      : service_(service), stream_(std::move(stream)) {}

  /** Its preface, or the beginning of it, is among what was received. */
  void begin(std::string_view received) { input_.assign(received); }

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_turn() override {}
  void on_timeout() override { service_.close(*this); }
  void on_answer(Exchange&, Ref<const Reply>) override {}
  void on_paged(Exchange&) override {}
  void stop() override { service_.close(*this); }
  void abandon(ExchangeEnd) override { service_.close(*this); }

 private:
  Service& service_;
  const std::unique_ptr<Stream> stream_;
  std::string input_;
};

}  // namespace zc
