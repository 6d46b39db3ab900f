// A new client until its proxy has said who it is.
#pragma once
#include "engine/newcomer.h"
#include "net/socket_stream.h"

namespace zc {

/** Goes on with clients that are known. */
class Welcoming {
 public:
  /**
   * Another connection speaks with the client in the place of `known`, which is `refused` where there are too many. False: there
   * is no room for it.
   */
  virtual bool welcome(Newcomer& known, std::unique_ptr<SocketStream> stream, bool tls, bool refused, StreamEvents events) = 0;

 protected:
  ~Welcoming() = default;
};

class Introduction final : public Newcomer {
 public:
  /** `tls`, `refused`: what comes then. */
  Introduction(EngineService& service, Welcoming& next, std::unique_ptr<SocketStream> stream, bool tls, bool refused)
      : Newcomer(service), next_(next), stream_(std::move(stream)), tls_(tls), refused_(refused) {}

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_timeout() override;

 private:
  bool take(size_t bytes);

  Welcoming& next_;
  std::unique_ptr<SocketStream> stream_;
  const bool tls_, refused_;
};

}  // namespace zc
