// A new client until its first bytes have said which HTTP it speaks.
#pragma once
#include <string>

#include "engine/newcomer.h"

namespace zc {

class Greeting final : public Newcomer {
 public:
  Greeting(EngineService& service, std::unique_ptr<Stream> stream) : Newcomer(service), stream_(std::move(stream)) {}

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_timeout() override;

 private:
  std::unique_ptr<Stream> stream_;
  std::string received_;
};

}  // namespace zc
