#include "http/access_format.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "http/credentials.h"
#include "http/forwarded.h"
#include "http/grammar.h"

namespace zc {
namespace {

// Nobody's target or field may end a line, or look like another one. As nginx writes it; in JSON, RFC 8259 §7.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x20; byte < 0x7f; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

constexpr uint64_t each(uint8_t byte) { return ~uint64_t{0} / 255 * byte; }

// Is one of eight bytes zero? Also true for some that are not, when a lower one is.
constexpr uint64_t has_zero(uint64_t bytes) { return (bytes - each(1)) & ~bytes & each(0x80); }

size_t count_plain(std::string_view text) {
  size_t plain = 0;
  for (uint64_t eight; plain + sizeof eight <= text.size(); plain += sizeof eight) {
    memcpy(&eight, text.data() + plain, sizeof eight);
    const uint64_t special = (eight & each(0x80)) | ((eight - each(0x20)) & ~eight & each(0x80)) | has_zero(eight ^ each(0x7f)) |
                             has_zero(eight ^ each('"')) | has_zero(eight ^ each('\\'));
    if (special != 0) break;
  }
  while (plain < text.size() && kPlain[static_cast<uint8_t>(text[plain])]) ++plain;
  return plain;
}

void append_escaped(std::string& to, std::string_view text, bool json) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  while (!text.empty()) {
    const size_t plain = count_plain(text);
    to.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto byte = static_cast<uint8_t>(text.front());
    to.append(json ? "\\u00" : "\\x");
    to += kDigits[byte >> 4];
    to += kDigits[byte & 15];
    text.remove_prefix(1);
  }
}

std::string text_of(const IpAddress& address) {
  const bool four = std::all_of(address.begin(), address.begin() + 10, [](uint8_t byte) { return byte == 0; }) &&
                    address[10] == 0xff && address[11] == 0xff;
  std::string text;
  if (four) {
    for (size_t i = 12; i < 16; ++i) {
      if (i > 12) text += '.';
      append_number(text, address[i]);
    }
    return text;
  }
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, address.data(), buffer, sizeof buffer) ? buffer : "";
}

std::string peer_of(const sockaddr_storage& peer) {
  IpAddress address;
  if (to_ip(peer, address)) return text_of(address);
  return peer.ss_family == AF_UNIX ? "unix:" : "";
}

std::string client_of(const LogFormat& format, const Ended& ended) {
  IpAddress address;
  if (format.proxies.empty() || !to_ip(ended.peer, address)) return peer_of(ended.peer);
  const Noted& noted = ended.exchange.noted;
  return text_of(client_of(address, noted.find(kXForwardedFor), noted.find(kForwarded), format.proxies));
}

// A 499 is nginx's: the client was gone before there was an answer.
unsigned status_of(const Ended& ended) {
  constexpr unsigned kGone = 499;
  if (!ended.exchange.body.active()) return ended.how == ExchangeEnd::gone ? kGone : 0;
  return ended.exchange.body.reply().status;
}

// Empty where no request could be read.
std::string_view protocol_of(const Exchange& exchange) {
  if (exchange.method.empty()) return {};
  switch (exchange.protocol) {
    case Protocol::http1_0:
      return "HTTP/1.0";
    case Protocol::http1_1:
      return "HTTP/1.1";
    case Protocol::http2:
      return "HTTP/2.0";
  }
  return {};
}

// One that came with the request, if it can do no harm.
bool is_id(std::string_view text) {
  constexpr size_t kMost = 128;
  const auto fits = [](char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || std::string_view("-_.:+/=~").find(byte) != std::string_view::npos; };
  return !text.empty() && text.size() <= kMost && std::all_of(text.begin(), text.end(), fits);
}

// "512B", "1.2k": one digit behind the point, cut off.
void append_size(std::string& to, uint64_t bytes) {
  constexpr std::string_view kUnits = "BkMGTPE";
  size_t unit = 0;
  uint64_t tenths = bytes * 10;
  for (uint64_t left = bytes; left >= 1024; left /= 1024, ++unit) tenths = left * 10 / 1024;
  append_number(to, unit == 0 ? bytes : tenths / 10);
  if (unit > 0) {
    to += '.';
    append_number(to, tenths % 10);
  }
  to += kUnits[unit];
}

// SGR of ECMA-48 §8.3.117: what went well is quiet.
std::string_view colour_of(unsigned status, ExchangeEnd how) {
  if (how != ExchangeEnd::done || status >= 500) return "\x1b[31m";
  if (status >= 400) return "\x1b[33m";
  return status >= 300 ? "\x1b[36m" : "\x1b[32m";
}

class Line {
 public:
  Line(const LogFormat& format, const Ended& ended, std::string& to) : format_(format), ended_(ended), to_(to) {}

  void add(const LogStep& step) {
    const Exchange& exchange = ended_.exchange;
    const auto duration = static_cast<uint64_t>(std::max<int64_t>(ended_.now - exchange.began, 0));
    const uint64_t sent = exchange.body.active() ? exchange.body.sent() : 0;
    switch (step.value) {
      case LogValue::text:
        to_.append(step.text);
        return;
      case LogValue::client:
        return add_text(client_of(format_, ended_));
      case LogValue::peer:
        return add_text(peer_of(ended_.peer));
      case LogValue::user:
        return add_text(user_in(exchange.noted.find(kAuthorization)));
      case LogValue::common_time:
        return add_text(ended_.clock.common());
      case LogValue::iso_time:
        if (format_.json) to_ += '"';
        ended_.clock.append_iso(to_);
        if (format_.json) to_ += '"';
        return;
      case LogValue::clock_time:
        return add_text(ended_.clock.clock());
      case LogValue::method:
        return add_text(exchange.method);
      case LogValue::target:
        return add_text(exchange.target);
      case LogValue::path:
        return add_text(path_of(exchange.target));
      case LogValue::query:
        return add_query(exchange.target);
      case LogValue::protocol:
        return add_text(protocol_of(exchange));
      case LogValue::request:
        return add_request();
      case LogValue::status:
        return add_number(status_of(ended_), status_of(ended_) != 0);
      case LogValue::bytes:
        return add_number(sent, true);
      case LogValue::common_bytes:
        return add_number(sent, sent != 0);
      case LogValue::size:
        return append_size(to_, sent);
      case LogValue::microseconds:
        return add_number(duration * 1000, true);
      case LogValue::milliseconds:
        return add_number(duration, true);
      case LogValue::seconds:
        append_number(to_, duration / 1000);
        to_ += '.';
        return append_padded(to_, static_cast<unsigned>(duration % 1000), 3);
      case LogValue::elapsed:
        append_number(to_, duration < 1000 ? duration : duration / 1000);
        to_.append(duration < 1000 ? "ms" : "s");
        return;
      case LogValue::end:
        return add_text(kEndNames[static_cast<size_t>(ended_.how)]);
      case LogValue::fault:
        if (ended_.how != ExchangeEnd::done) to_.append(" ").append(kEndNames[static_cast<size_t>(ended_.how)]);
        return;
      case LogValue::strategy:
        return add_text(exchange.body.active() ? kWayNames[static_cast<size_t>(exchange.body.way())] : "");
      case LogValue::reason:
        return add_text(has_reason() ? kReasonNames[static_cast<size_t>(exchange.body.reason())] : "");
      case LogValue::tls:
        return add_text(ended_.tls);
      case LogValue::id:
        return add_id();
      case LogValue::field:
        return add_text(exchange.noted.find(step.field));
      case LogValue::colour:
        to_.append(colour_of(status_of(ended_), ended_.how));
        return;
    }
  }

 private:
  void add_text(std::string_view text) {
    if (text.empty()) {
      to_.append(format_.json ? "null" : "-");
      return;
    }
    if (format_.json) to_ += '"';
    append_escaped(to_, text, format_.json);
    if (format_.json) to_ += '"';
  }

  void add_number(uint64_t number, bool there) {
    if (there) append_number(to_, number);
    else to_.append(format_.json ? "null" : "-");
  }

  void add_query(std::string_view target) {
    const size_t at = target.find('?');
    add_text(at == target.npos ? std::string_view() : target.substr(at + 1));
  }

  void add_request() {
    const Exchange& exchange = ended_.exchange;
    if (exchange.method.empty()) return add_text({});
    if (format_.json) to_ += '"';
    append_escaped(to_, exchange.method, format_.json);
    to_ += ' ';
    append_escaped(to_, exchange.target, format_.json);
    to_ += ' ';
    to_.append(protocol_of(exchange));
    if (format_.json) to_ += '"';
  }

  void add_id() {
    const std::string_view brought = ended_.exchange.noted.find(kXRequestId);
    if (is_id(brought)) return add_text(brought);
    std::string own = format_.id;
    append_number(own, ended_.number);
    add_text(own);
  }

  /** A file's body has one. */
  bool has_reason() const {
    const BodySource& body = ended_.exchange.body;
    return body.active() && body.way() != Way::none && body.way() != Way::bytes && body.way() != Way::feed;
  }

  const LogFormat& format_;
  const Ended& ended_;
  std::string& to_;
};

}  // namespace

void append_line(const LogFormat& format, const Ended& ended, std::string& to) {
  Line line(format, ended, to);
  for (const LogStep& step : format.steps) line.add(step);
  to += '\n';
}

}  // namespace zc
