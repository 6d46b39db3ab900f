// How often a client asks, and on how many connections: by a clock that is a number, and by many threads at once. Built and
// run by test/native/clients.test.ts; prints a line for each claim, and at last what a request costs.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "net/client_key.h"
#include "net/presence.h"
#include "net/request_rates.h"

namespace {

using namespace zc;

void claim(bool holds, const std::string& text) { std::printf("%s %s\n", holds ? "ok" : "not ok", text.c_str()); }

sockaddr_storage address(const char* text) {
  sockaddr_storage peer{};
  auto& four = reinterpret_cast<sockaddr_in&>(peer);
  auto& six = reinterpret_cast<sockaddr_in6&>(peer);
  if (inet_pton(AF_INET, text, &four.sin_addr) == 1) peer.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1) peer.ss_family = AF_INET6;
  return peer;
}

uint64_t key(const char* text) { return client_key(address(text)); }

void keys() {
  claim(key("203.0.113.7") != key("203.0.113.8"), "each IPv4 address is a client");
  claim(key("203.0.113.7") == key("::ffff:203.0.113.7"), "in whichever form it comes");
  claim(key("2001:db8:0:1::1") == key("2001:db8:0:1:ffff:ffff:ffff:ffff"), "an IPv6 /64 is one");
  claim(key("2001:db8:0:1::1") != key("2001:db8:0:2::1"), "the next one is another");
  claim(key("::1") != 0 && key("::1") != key("127.0.0.1") && key("0.0.0.0") != 0, "those without a network are some, too");
  claim(client_key({}) == 0, "who has no address is none");
}

/** The statuses that requests at these times (ms) get: '.' answered, or how long to wait. */
std::string asked(const RequestRate& rate, const std::vector<int64_t>& times) {
  RequestRates rates(rate);
  std::string said;
  for (const int64_t at : times) {
    const int64_t wait = rates.take(1, at);
    said += wait == 0 ? "." : std::to_string(wait) + " ";
  }
  return said;
}

void table() {
  struct Row {
    const char* title;
    RequestRate rate;
    std::vector<int64_t> times;
    const char* said;
  };
  const Row rows[] = {
      {"a burst, then one at a time", {10, 1000, 3}, {0, 0, 0, 0, 99, 100, 100, 200}, "...100 1 .100 ."},
      {"a refusal costs nothing", {10, 1000, 1}, {0, 50, 50, 50, 100}, ".50 50 50 ."},
      {"after a pause the burst is there again, and no more", {10, 1000, 2}, {0, 0, 5000, 5000, 5000}, "....100 "},
      {"by the minute", {30, 60'000, 1}, {0, 1, 1999, 2000}, ".1999 1 ."},
      {"one a minute", {1, 60'000, 1}, {0, 0, 59'999, 60'000}, ".60000 1 ."},
      {"a million a second, in whole milliseconds", {1'000'000, 1000, 1}, {0, 0, 1}, ".1 ."},
      {"an interval that is no number of milliseconds", {3, 1000, 1}, {0, 333, 334, 667, 668}, ".1 .1 ."},
  };
  for (const Row& row : rows) {
    const std::string said = asked(row.rate, row.times);
    claim(said == row.said, std::string(row.title) + ": " + said);
  }
}

void others() {
  RequestRates rates({1, 1000, 2});
  while (rates.take(1, 0) == 0) continue;
  bool passed = true;
  for (uint64_t client = 2; client < 200'000; ++client) passed = passed && rates.take(client, 0) == 0;
  claim(passed, "others pass, more of them than have room");
  claim(rates.take(1, 0) > 0, "they set nobody free who has asked too often");
}

void threads() {
  constexpr uint64_t kBurst = 50'000;
  RequestRates rates({1, 1000, kBurst});
  Presences presences;
  std::atomic<uint64_t> answered{0}, most{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (int n = 0; n < 25'000; ++n) {
        if (rates.take(7, 0) == 0) answered.fetch_add(1);
        const Presence here(presences, 7);
        uint64_t before = most.load();
        while (here.count() > before && !most.compare_exchange_weak(before, here.count())) continue;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  claim(answered.load() == kBurst, "four threads together answer as many as one");
  claim(most.load() >= 1 && most.load() <= 4, "and know how many there are");
  claim(Presence(presences, 7).count() == 1, "who has gone is counted no more");
}

void moved() {
  Presences presences;
  Presence first(presences, 7);
  Presence second(presences, 7);
  Presence other = std::move(first);
  claim(other.count() == 1 && second.count() == 2 && first.count() == 0, "a presence that moves is one");
  other = Presence();
  claim(Presence(presences, 7).count() == 2, "and ends once");
}

void cost() {
  RequestRates rates({1'000'000, 1000, 1'000'000});
  constexpr int kTimes = 1'000'000;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i) rates.take(static_cast<uint64_t>(i % 1000) + 1, i / 1000);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  std::printf("# %.1f ns for each request\n", took.count() / kTimes);
}

}  // namespace

int main() {
  keys();
  table();
  others();
  threads();
  moved();
  cost();
  return 0;
}
