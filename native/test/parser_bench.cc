// Times parse_head on typical heads: prints nanoseconds per head, the median of several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "http1/parser.h"

namespace {

struct Sample {
  const char* name;
  std::string head;
};

const Sample kSamples[] = {
    {"autocannon", "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive\r\n\r\n"},
    {"curl", "GET /a/b.css HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"},
    {"browser",
     "GET /assets/app-3f2a91.js?v=12 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
     "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n"
     "sec-ch-ua-platform: \"Linux\"\r\nAccept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\n"
     "Sec-Fetch-Dest: script\r\nReferer: http://www.example.com/index.html\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
     "Accept-Language: en-GB,en;q=0.9\r\nIf-None-Match: \"5f3a-18c2b7d\"\r\n\r\n"},
};

double nanoseconds_per_head(const std::string& head) {
  constexpr int kHeads = 200000, kRounds = 9;
  const zc::ParseLimits limits;
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    size_t total = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kHeads; ++i) {
      zc::ParseState state;
      zc::ParsedHead out;
      if (zc::parse_head(head, limits, state, out) != zc::ParseResult::complete) return -1;
      total += out.size;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    if (total != head.size() * kHeads) return -1;
    rounds.push_back(took.count() / kHeads);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

}  // namespace

int main() {
  for (const Sample& sample : kSamples) {
    std::printf("%-12s %4zu bytes  %6.1f ns\n", sample.name, sample.head.size(), nanoseconds_per_head(sample.head));
  }
}
