#include "http2/request.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/folded.h"
#include "http/authority.h"
#include "http/bytes.h"
#include "http/grammar.h"

namespace zc {
namespace {

enum Pseudo : uint8_t { kMethod, kScheme, kAuthority, kPath, kPseudoCount };
constexpr std::string_view kPseudoNames[kPseudoCount] = {":method", ":scheme", ":authority", ":path"};

using PseudoFields = std::optional<std::string_view>[kPseudoCount];

bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

bool all_in(std::string_view text, ByteClass wanted) {
  return std::all_of(text.begin(), text.end(), [wanted](char byte) { return is_in(byte, wanted); });
}

// §8.2.1
bool is_value(std::string_view value) {
  return all_in(value, kValueByte) && (value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
}

// §8.2.1, §8.2.2. What a name of RFC 9110 §5.1 could be, in lower case.
bool is_field(std::string_view name, std::string_view value) {
  const bool lower = std::all_of(name.begin(), name.end(), [](char byte) { return byte == folded(byte); });
  if (name.empty() || !lower || !all_in(name, kTokenByte) || !is_value(value)) return false;
  if (name == "te") return equals_folded(value, "trailers");
  return !is_of_connection(name);
}

// §8.3: known, once, before the others.
bool take_pseudo(std::string_view name, std::string_view value, PseudoFields& pseudo) {
  const auto* const known = std::find(std::begin(kPseudoNames), std::end(kPseudoNames), name);
  if (known == std::end(kPseudoNames)) return false;
  std::optional<std::string_view>& field = pseudo[known - std::begin(kPseudoNames)];
  if (field || !is_value(value)) return false;
  field = value;
  return true;
}

bool take_field(std::string_view name, std::string_view value, Http2Request& request) {
  if (!is_field(name, value)) return false;
  if (name == "priority" && !request.priority) request.priority = value;
  const Field field = find_field(name);
  if (field == kFieldCount) return true;
  const bool again = (request.present & bit(field)) != 0;
  if (again) request.repeated |= bit(field);
  else request.fields[field] = value;
  request.present |= bit(field);
  if (field != kContentLength) return true;
  uint64_t length = 0;
  if (again || !read_length(value, length)) return false;
  request.content_length = length;
  return true;
}

// §8.3.1: in the place of Host, or with the same value.
RequestResult take_authority(const std::optional<std::string_view>& authority, Http2Request& request) {
  const bool has_host = (request.present & bit(kHost)) != 0;
  const std::string_view host = request.fields[kHost];
  if ((request.repeated & bit(kHost)) != 0) return RequestResult::bad_request;
  if (!authority && !has_host) return RequestResult::bad_request;
  if (authority && has_host && !same_folded(*authority, host)) return RequestResult::bad_request;
  request.fields[kHost] = authority.value_or(host);
  request.present |= bit(kHost);
  return is_authority(request.fields[kHost]) ? RequestResult::complete : RequestResult::bad_request;
}

RequestResult take_target(const PseudoFields& pseudo, const ParseLimits& limits, Http2Request& request) {
  if (request.method_text == "CONNECT") {
    // §8.5
    if (pseudo[kScheme] || pseudo[kPath] || !pseudo[kAuthority]) return RequestResult::malformed;
    request.target = *pseudo[kAuthority];
    return RequestResult::complete;
  }
  if (!pseudo[kScheme] || !pseudo[kPath] || pseudo[kPath]->empty()) return RequestResult::malformed;
  if (*pseudo[kScheme] != "http" && *pseudo[kScheme] != "https") return RequestResult::bad_request;
  request.target = *pseudo[kPath];
  if (request.target.size() > limits.max_target) return RequestResult::uri_too_long;
  if (!all_in(request.target, kTargetByte)) return RequestResult::bad_request;
  if (request.target.front() == '/') return RequestResult::complete;
  const bool whole_server = request.target == "*" && request.method == Method::options;
  return whole_server ? RequestResult::complete : RequestResult::bad_request;
}

// The crumbs of a Cookie would be joined by "; " (§8.2.3), but it is none of the fields that are read: it goes to nobody.
constexpr bool is_read(std::string_view name) {
  for (const std::string_view read : kFieldNames) {
    if (read == name) return true;
  }
  return false;
}
static_assert(!is_read("cookie"));

}  // namespace

bool is_of_connection(std::string_view name) {
  constexpr std::string_view kNames[] = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

RequestResult read_request(const HeaderList& list, const ParseLimits& limits, Http2Request& request) {
  request = {};
  PseudoFields pseudo;
  size_t at = 0;
  for (; at < list.lines.size() && !list.name(at).empty() && list.name(at).front() == ':'; ++at) {
    if (!take_pseudo(list.name(at), list.value(at), pseudo)) return RequestResult::malformed;
  }
  const size_t fields = list.lines.size() - at;
  for (; at < list.lines.size(); ++at) {
    if (!take_field(list.name(at), list.value(at), request)) return RequestResult::malformed;
  }
  if (!pseudo[kMethod] || pseudo[kMethod]->empty() || !all_in(*pseudo[kMethod], kTokenByte)) {
    return RequestResult::malformed;
  }
  request.method_text = *pseudo[kMethod];
  request.method = find_method(request.method_text);
  const RequestResult target = take_target(pseudo, limits, request);
  if (target != RequestResult::complete) return target;
  if (fields > limits.max_fields) return RequestResult::fields_too_large;
  return take_authority(pseudo[kAuthority], request);
}

bool are_trailers(const HeaderList& list) {
  for (size_t i = 0; i < list.lines.size(); ++i) {
    if (!is_field(list.name(i), list.value(i))) return false;
  }
  return true;
}

std::string joined_lines(const HeaderList& list, Field field) {
  std::string value;
  bool first = true;
  for (size_t i = 0; i < list.lines.size(); ++i) {
    if (list.name(i) != kFieldNames[field]) continue;
    if (!std::exchange(first, false)) value += ", ";
    value += list.value(i);
  }
  return value;
}

}  // namespace zc
