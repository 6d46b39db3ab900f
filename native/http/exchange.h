// One request and its answer. HTTP/1 has one at a time on a connection, HTTP/2 many.
#pragma once
#include <string>

#include "http/body.h"
#include "http/request.h"

namespace zc {

class Connection;

/** How an exchange ended. */
#define ZC_ENDS(X) \
  X(done, "done") X(file_fault, "file-fault") X(gone, "gone") X(cancelled, "cancelled") X(timed_out, "timed-out")
enum class ExchangeEnd : uint8_t { ZC_ENDS(ZC_ENUMERATOR) };
constexpr const char* kEndNames[] = {ZC_ENDS(ZC_TEXT)};

/** What the client speaks, by its name in ALPN (RFC 7301 §6). */
#define ZC_PROTOCOLS(X) X(http1_0, "http/1.0") X(http1_1, "http/1.1") X(http2, "h2")
enum class Protocol : uint8_t { ZC_PROTOCOLS(ZC_ENUMERATOR) };
constexpr const char* kProtocolNames[] = {ZC_PROTOCOLS(ZC_TEXT)};

struct Exchange {
  explicit Exchange(Connection& connection) : connection(connection) {}

  Connection& connection;
  /** By which TypeScript and the pager know it; 0 while neither does. */
  uint64_t id = 0;
  /** By which whoever has lent the socket knows it; 0 for a client of our own. */
  uint64_t transfer = 0;
  Protocol protocol = Protocol::http1_1;
  /** Of the request; empty when none could be read. */
  std::string method, target;
  int64_t began = 0;  // ms, monotonic: its head was read
  BodySource body;    // of the answer, once there is one
};

}  // namespace zc
