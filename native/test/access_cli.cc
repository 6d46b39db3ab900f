// Lines of the access log of exchanges that are given as words in hex: "F json id steps... ; proxies..." sets the form, and
// "E ..." asks for a line. Built and run by test/native/access-format.test.ts.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "http/access_format.h"
#include "http/connection.h"

namespace {

using namespace zc;

/** Nobody's. */
class NoConnection final : public Connection {
 public:
  Stream& stream() override { abort(); }
  void on_events(const StreamEvents&) override {}
  void on_turn() override {}
  void on_timeout() override {}
  void on_answer(Exchange&, Ref<const Reply>) override {}
  void on_paged(Exchange&) override {}
  void stop() override {}
  void abandon(ExchangeEnd) override {}
};

std::vector<std::string> read_words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string hex; in >> hex;) {
    std::string word;
    for (size_t i = 1; i + 1 < hex.size(); i += 2) word += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    words.push_back(word);
  }
  return words;
}

template <class Names>
size_t index_of(const Names& names, const std::string& name) {
  return static_cast<size_t>(std::find(std::begin(names), std::end(names), name) - std::begin(names));
}

void set_peer(const std::string& text, sockaddr_storage& peer) {
  peer = {};
  auto& four = reinterpret_cast<sockaddr_in&>(peer);
  auto& six = reinterpret_cast<sockaddr_in6&>(peer);
  if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) peer.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) peer.ss_family = AF_INET6;
  else if (text == "unix:") peer.ss_family = AF_UNIX;
}

// json id count (value with)... proxy...
void read_format(const std::vector<std::string>& words, LogFormat& format) {
  format.json = words[1] == "1";
  format.id = words[2];
  const size_t steps = std::stoul(words[3]);
  size_t at = 4;
  for (size_t i = 0; i < steps; ++i, at += 2) {
    LogStep step{static_cast<LogValue>(index_of(kLogValueNames, words[at]))};
    if (step.value == LogValue::field) step.field = find_field(words[at + 1]);
    else step.text = words[at + 1];
    format.steps.push_back(step);
  }
  for (; at < words.size(); ++at) {
    if (!format.proxies.add(words[at])) abort();
  }
}

// peer tls protocol method target way reason status size sent how began now wall number (field value)...
void print_line(const std::vector<std::string>& words, const LogFormat& format) {
  NoConnection connection;
  Exchange exchange(connection);
  sockaddr_storage peer;
  set_peer(words[1], peer);
  exchange.protocol = static_cast<Protocol>(std::stoi(words[3]));
  exchange.method = words[4];
  exchange.target = words[5];
  const int status = std::stoi(words[8]);
  if (status != 0) {
    auto reply = make_ref<Reply>();
    reply->status = static_cast<uint16_t>(status);
    reply->way = static_cast<Way>(index_of(kWayNames, words[6]));
    reply->reason = static_cast<Reason>(index_of(kReasonNames, words[7]));
    const size_t size = std::stoul(words[9]);
    reply->memory = Ref<Memory>(new HeapBytes(std::string(size, 'x')));
    reply->span = {0, size};
    exchange.body.start(reply, false, true, false);
    exchange.body.advance(std::stoul(words[10]));
  }
  exchange.began = std::stoll(words[12]);
  for (size_t at = 16; at + 1 < words.size(); at += 2) exchange.noted.add(find_field(words[at]), words[at + 1]);
  LogClock clock;
  clock.update(std::stoll(words[14]));
  const auto how = static_cast<ExchangeEnd>(index_of(kEndNames, words[11]));
  std::string line;
  append_line(format, {exchange, how, peer, words[2], std::stoll(words[13]), clock, std::stoull(words[15])}, line);
  std::cout << line;
}

}  // namespace

int main() {
  LogFormat* format = new LogFormat;
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> words = read_words(line);
    if (words[0] == "F") read_format(words, *(format = new LogFormat));
    else print_line(words, *format);
  }
}
