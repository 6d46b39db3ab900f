// The stress program's clients, many at a time.
#pragma once
#include <thread>
#include <vector>

#include "test/stress_http1.h"
#include "test/stress_http2.h"
#include "test/stress_owner.h"

namespace zc::stress {

/** One client from its connection to its end. Returns the answers that came whole and right. */
inline size_t live(const Owner& owner, TlsCaller& caller, uint64_t seed) {
  Random random(seed);
  UniqueFd socket = connect_to(owner.port);
  if (!socket) return 0;
  // On a port of TLS, who speaks plain HTTP is told so.
  const bool in_tls = owner.carriage == Carriage::tls && !random.one_in(12);
  if (!in_tls) {
    Link link(std::move(socket));
    const bool http2 = owner.carriage == Carriage::h2c && random.one_in(2);
    return http2 ? Http2Client(link, random).live() : Http1Client(link, random).live();
  }
  const std::unique_ptr<TlsLink> link = caller.call(std::move(socket), random);
  if (!link) return 0;
  return link->speaks_http2() ? Http2Client(*link, random).live() : Http1Client(*link, random).live();
}

/** Clients on threads of their own; the bell rings as each ends. */
class Crowd {
 public:
  Crowd(size_t threads, size_t lives, Owner& owner, uint64_t seed) : left_(threads) {
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, &owner, i, lives, seed] {
        TlsCaller caller;
        for (size_t life = 0; life < lives; ++life) whole_ += live(owner, caller, seed + i * 1000 + life);
        --left_;
        owner.bell.ring();
      });
    }
  }
  ~Crowd() { join(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  bool gone() const { return left_ == 0; }
  size_t whole() const { return whole_; }

 private:
  std::atomic<size_t> left_;
  std::atomic<size_t> whole_{0};
  std::vector<std::thread> threads_;
};

}  // namespace zc::stress
