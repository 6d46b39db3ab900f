// A request as HTTP/1 and HTTP/2 have it in common. RFC 9110 §6, §9.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/content.h"
#include "http/fields.h"

namespace zc {

enum class Method : uint8_t { get, head, options, other };

inline Method find_method(std::string_view text) {
  if (text == "GET") return Method::get;
  if (text == "HEAD") return Method::head;
  return text == "OPTIONS" ? Method::options : Method::other;
}

/** What was received, where it lies: valid as long as the bytes that it was read from. */
struct RequestHead {
  std::string_view method_text;
  std::string_view target;  // as sent: origin-form, absolute-form, "*" (OPTIONS) or authority-form (CONNECT)
  Method method;
  std::string_view fields[kFieldCount];  // without surrounding whitespace; the first line only of a repeated field
  FieldSet present;                      // bit(Field): the field was sent (its value may be empty)
  FieldSet repeated;                     // bit(Field): it was sent on more than one line
};

/** RFC 9112 §3.2.2: an absolute-form's own, whatever Host says. Empty where an old client names none. */
inline std::string_view authority_of(const RequestHead& head) {
  if (head.target.front() == '/') return head.fields[kHost];
  const size_t separator = head.target.find("://");
  if (separator == head.target.npos) return head.fields[kHost];
  const std::string_view rest = head.target.substr(separator + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

inline std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/** A request that outlives its bytes, with the fields that the plan reads: what is asked of TypeScript. */
struct Request {
  std::string method, target;
  std::vector<std::pair<Field, std::string>> fields;  // all lines of a repeated one joined
  Content content;
};

/** `joined` gives all lines of a repeated field as one value, joined by ", " (RFC 9110 §5.3). */
template <class Joined>
Request copy_of(const RequestHead& head, FieldSet planned, Joined joined) {
  Request request{std::string(head.method_text), std::string(head.target), {}, {}};
  for (FieldSet left = head.present & planned; left != 0; left &= left - 1) {
    const Field field = first_of(left);
    const bool repeated = (head.repeated & bit(field)) != 0;
    request.fields.emplace_back(field, repeated ? joined(field) : std::string(head.fields[field]));
  }
  return request;
}

}  // namespace zc
