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

struct Exchange {
  explicit Exchange(Connection& connection) : connection(connection) {}

  Connection& connection;
  /** By which TypeScript and the pager know it; 0 while neither does. */
  uint64_t id = 0;
  /** By which whoever has lent the socket knows it; 0 for a client of our own. */
  uint64_t transfer = 0;
  /** Of the virtual host that the request is for; 0 for all names that are no other's. */
  uint32_t site = 0;
  /** Of the request; empty when none could be read. */
  std::string method, target;
  int64_t began = 0;  // ms, monotonic: its head was read
  BodySource body;    // of the answer, once there is one
};

}  // namespace zc
