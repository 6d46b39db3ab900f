// Times HPACK on typical blocks: prints nanoseconds of processor time per block, the median of several rounds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "http2/hpack.h"

namespace {

using namespace zc;

struct Field {
  const char *name, *value;
};

const std::vector<Field> kBrowser = {
    {":method", "GET"}, {":authority", "www.example.com"}, {":scheme", "https"},
    {":path", "/assets/app-3f2a91.js?v=12"}, {"sec-ch-ua-platform", "\"Linux\""},
    {"user-agent",
     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"},
    {"accept", "*/*"}, {"sec-fetch-site", "same-origin"}, {"sec-fetch-mode", "no-cors"}, {"sec-fetch-dest", "script"},
    {"referer", "https://www.example.com/index.html"}, {"accept-encoding", "gzip, deflate, br, zstd"},
    {"accept-language", "en-GB,en;q=0.9"}, {"if-none-match", "\"5f3a-18c2b7d\""}, {"priority", "u=1"},
};

const std::vector<Field> kReply = {
    {":status", "200"}, {"content-type", "text/javascript; charset=utf-8"}, {"content-length", "16384"},
    {"etag", "\"4000-18c2b7d5f3a\""}, {"last-modified", "Mon, 21 Oct 2013 20:13:21 GMT"}, {"accept-ranges", "bytes"},
    {"cache-control", "public, max-age=31536000, immutable"}, {"vary", "accept-encoding"},
    {"date", "Mon, 21 Oct 2013 20:13:22 GMT"},
};

std::string block_of(const std::vector<Field>& fields) {
  std::string block;
  for (const auto& [name, value] : fields) hpack_field(block, name, value);
  return block;
}

// A literal for the table, of texts below 127 bytes.
std::string added(std::string_view name, std::string_view value) {
  std::string block = "\x40";
  for (const std::string_view text : {name, value}) (block += static_cast<char>(text.size())) += text;
  return block;
}

// The index of the newest entry, and of those before it.
std::string indices(size_t count) {
  std::string block;
  for (size_t i = 0; i < count; ++i) block += static_cast<char>(0x80 + 62 + i);
  return block;
}

double processor_time() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class Run>
void report(const char* name, size_t bytes, int turns, Run run) {
  constexpr int kRounds = 9;
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = processor_time();
    for (int i = 0; i < turns; ++i) run();
    rounds.push_back((processor_time() - begin) / turns);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  std::printf("%-36s %6zu bytes %10.1f ns\n", name, bytes, rounds[kRounds / 2]);
}

void report_read(const char* name, const std::string& before, const std::string& block, int turns) {
  HpackDecoder decoder;
  HeaderList list;
  decoder.decode(before, 1 << 16, list);
  report(name, block.size(), turns, [&] {
    if (decoder.decode(block, 1 << 14, list) == HpackResult::broken) std::abort();
  });
}

}  // namespace

int main() {
  std::string filling;
  for (const auto& [name, value] : kBrowser) filling += added(name, value);
  report_read("read: a browser's first request", "", block_of(kBrowser), 100000);
  report_read("read: the same once more, by index", filling, indices(kBrowser.size()), 100000);
  report_read("read: no field coded", "", filling, 100000);
  // The worst that a block can ask for, byte by byte: a name of the whole table, copied out and in.
  const std::string copies = "\x40\x7f\xc1\x1e" + std::string(4032, 'n') + std::string(1, '\0');
  std::string bomb;
  for (int i = 0; i < 5000; ++i) bomb += std::string("\x7e\0", 2);
  report_read("read: 5000 names of 4032 bytes", copies, bomb, 20);
  std::string list_bomb;
  for (int i = 0; i < 10000; ++i) list_bomb += '\xbe';
  report_read("read: 10000 entries of 4032 bytes", copies, list_bomb, 20);
  std::string block;
  report("write: a reply", block_of(kReply).size(), 100000, [&] {
    block.clear();
    for (const auto& [name, value] : kReply) hpack_field(block, name, value);
  });
}
