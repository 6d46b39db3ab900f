// The stress program's clients, many at a time.
#pragma once
#include <thread>
#include <vector>

#include "test/stress_http1.h"
#include "test/stress_http2.h"
#include "test/stress_owner.h"

namespace zc::stress {

/** In pieces; now and then a proxy goes in the midst of it, or does not speak the protocol. False: it came to nothing. */
inline bool introduce(int socket, Random& random) {
  constexpr std::string_view kText = "PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n";
  constexpr std::string_view kBinary("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10\xcb\0\x71\x07\xc0\0\x02\x01\xc3\x50\x01\xbb\xee\0\x01!", 32);
  const std::string_view header = random.one_in(2) ? kText : kBinary;
  if (random.one_in(20)) {
    send(socket, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
    return false;
  }
  const bool leaves = random.one_in(20);
  const size_t end = leaves ? random.below(header.size()) : header.size();
  for (size_t at = 0; at < end;) {
    const size_t size = std::min(end - at, 1 + static_cast<size_t>(random.below(header.size())));
    if (send(socket, header.data() + at, size, MSG_NOSIGNAL) <= 0) return false;
    at += size;
  }
  return !leaves;
}

/** One client from its connection to its end. Returns the answers that came whole and right. */
inline size_t live(const Owner& owner, TlsCaller& caller, uint64_t seed) {
  Random random(seed);
  UniqueFd socket = connect_to(owner.port);
  if (!socket || (owner.proxied && !introduce(socket.get(), random))) return 0;
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
