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

/** Values of request fields that outlive the head: those that an access log wants. */
class Noted {
 public:
  void clear() {
    bytes_.clear();
    ends_.clear();
  }
  void add(Field field, std::string_view value) {
    bytes_.append(value);
    ends_.emplace_back(field, static_cast<uint32_t>(bytes_.size()));
  }
  /** Empty where it was not sent. */
  std::string_view find(Field field) const {
    uint32_t begin = 0;
    for (const auto& [name, end] : ends_) {
      if (name == field) return std::string_view(bytes_).substr(begin, end - begin);
      begin = end;
    }
    return {};
  }

 private:
  std::string bytes_;
  std::vector<std::pair<Field, uint32_t>> ends_;
};

struct Exchange {
  explicit Exchange(Connection& connection) : connection(connection) {}

  Connection& connection;
  /** By which TypeScript and the pager know it; 0 while neither does. */
  uint64_t id = 0;
  /** By which whoever has lent the socket knows it; 0 for a client of our own. */
  uint64_t transfer = 0;
  Protocol protocol = Protocol::http1_1;
  /** Of the virtual host that the request is for; 0 for all names that are no other's. */
  uint32_t site = 0;
  /** Of the request; empty when none could be read. */
  std::string method, target;
  Noted noted;
  int64_t began = 0;  // ms, monotonic: its head was read
  BodySource body;    // of the answer, once there is one
  bool receives = false;  // somebody waits for the request's content
  bool watched = false;   // somebody is to be told if nobody waits for the answer any more

  /** Of one whose request could not be read. */
  void begin(int64_t now) {
    began = now;
    protocol = Protocol::http1_1;
    method.clear();
    target.clear();
    noted.clear();
  }
  /** `fields`: bits of those that are noted; `joined`: as of copy_of. */
  template <class Joined>
  void begin(int64_t now, const RequestHead& head, Protocol spoken, FieldSet fields, Joined joined) {
    began = now;
    protocol = spoken;
    method.assign(head.method_text);
    target.assign(head.target);
    noted.clear();
    for (FieldSet left = head.present & fields; left != 0; left &= left - 1) {
      const Field field = first_of(left);
      if ((head.repeated & bit(field)) == 0) noted.add(field, head.fields[field]);
      else noted.add(field, joined(field));
    }
  }
};

}  // namespace zc
