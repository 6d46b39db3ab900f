// How a line of the access log is made of an exchange that has ended: steps that TypeScript compiles of what the operator
// asks for (src/rules/access-format.ts). Pure; src/log/access-line.ts writes the same for the carriers without an engine.
#pragma once
#include <string>
#include <vector>

#include "base/ref.h"
#include "http/exchange.h"
#include "http/log_clock.h"
#include "net/network.h"

namespace zc {

#define ZC_LOG_VALUES(X)                                                                                        \
  X(text, "text") X(client, "client") X(peer, "peer") X(user, "user") X(common_time, "common-time") X(iso_time, "iso-time")     \
  X(clock_time, "clock-time") X(method, "method") X(target, "target") X(path, "path") X(query, "query")         \
  X(protocol, "protocol") X(request, "request") X(status, "status") X(bytes, "bytes")                           \
  X(common_bytes, "common-bytes") X(size, "size") X(microseconds, "microseconds")                               \
  X(milliseconds, "milliseconds") X(seconds, "seconds") X(elapsed, "elapsed") X(end, "end") X(fault, "fault")   \
  X(strategy, "strategy") X(reason, "reason") X(tls, "tls") X(id, "id") X(field, "field") X(colour, "colour")
enum class LogValue : uint8_t { ZC_LOG_VALUES(ZC_ENUMERATOR) };
constexpr const char* kLogValueNames[] = {ZC_LOG_VALUES(ZC_TEXT)};

struct LogStep {
  LogValue value;
  Field field = kFieldCount;  // of `field`
  std::string text = {};      // of `text`: as it stands
};

/** Immutable, shared by the threads. */
struct LogFormat : RefCounted {
  std::vector<LogStep> steps;
  bool json = false;    // values are JSON's: texts in quotes, null for what is not there
  FieldSet fields = 0;  // bits of those that it reads
  Networks proxies;     // whose word is taken for who the client is
  std::string id;       // with which the ids of requests that brought none begin
};

/** What is told of an exchange beside what it holds itself. */
struct Ended {
  const Exchange& exchange;
  ExchangeEnd how;
  const sockaddr_storage& peer;
  std::string_view tls;  // version; empty without
  int64_t now;           // ms, as Exchange::began
  const LogClock& clock;
  uint64_t number;  // of those that got an id here
};

/** With the end of the line. */
void append_line(const LogFormat& format, const Ended& ended, std::string& to);

}  // namespace zc
