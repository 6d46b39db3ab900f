#include "http1/head.h"

#include <cstring>

namespace zc {
namespace {

char* append(char* to, std::string_view text) {
  memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

// The statuses that are registered and may be final (RFC 9110 §15; IANA, HTTP Status Code Registry).
std::string_view status_line(unsigned status) {
#define ZC_STATUS(code, phrase) \
  case code:                    \
    return "HTTP/1.1 " #code " " phrase "\r\n";
  switch (status) {
    ZC_STATUS(200, "OK")
    ZC_STATUS(201, "Created")
    ZC_STATUS(202, "Accepted")
    ZC_STATUS(203, "Non-Authoritative Information")
    ZC_STATUS(204, "No Content")
    ZC_STATUS(205, "Reset Content")
    ZC_STATUS(206, "Partial Content")
    ZC_STATUS(300, "Multiple Choices")
    ZC_STATUS(301, "Moved Permanently")
    ZC_STATUS(302, "Found")
    ZC_STATUS(303, "See Other")
    ZC_STATUS(304, "Not Modified")
    ZC_STATUS(307, "Temporary Redirect")
    ZC_STATUS(308, "Permanent Redirect")
    ZC_STATUS(400, "Bad Request")
    ZC_STATUS(401, "Unauthorized")
    ZC_STATUS(403, "Forbidden")
    ZC_STATUS(404, "Not Found")
    ZC_STATUS(405, "Method Not Allowed")
    ZC_STATUS(406, "Not Acceptable")
    ZC_STATUS(408, "Request Timeout")
    ZC_STATUS(409, "Conflict")
    ZC_STATUS(410, "Gone")
    ZC_STATUS(411, "Length Required")
    ZC_STATUS(412, "Precondition Failed")
    ZC_STATUS(413, "Content Too Large")
    ZC_STATUS(414, "URI Too Long")
    ZC_STATUS(415, "Unsupported Media Type")
    ZC_STATUS(416, "Range Not Satisfiable")
    ZC_STATUS(417, "Expectation Failed")
    ZC_STATUS(421, "Misdirected Request")
    ZC_STATUS(422, "Unprocessable Content")
    ZC_STATUS(425, "Too Early")
    ZC_STATUS(426, "Upgrade Required")
    ZC_STATUS(428, "Precondition Required")
    ZC_STATUS(429, "Too Many Requests")
    ZC_STATUS(431, "Request Header Fields Too Large")
    ZC_STATUS(451, "Unavailable For Legal Reasons")
    ZC_STATUS(500, "Internal Server Error")
    ZC_STATUS(501, "Not Implemented")
    ZC_STATUS(502, "Bad Gateway")
    ZC_STATUS(503, "Service Unavailable")
    ZC_STATUS(504, "Gateway Timeout")
    ZC_STATUS(505, "HTTP Version Not Supported")
    ZC_STATUS(507, "Insufficient Storage")
    ZC_STATUS(511, "Network Authentication Required")
    default:
      break;
  }
#undef ZC_STATUS
  return {};
}

size_t write_head_end(HeadEnd end, std::string_view date, char* to) {
  char* at = append(append(append(to, "Date: "), date), "\r\n");
  if (end.close) at = append(at, "Connection: close\r\n");
  else if (end.old_peer) at = append(at, "Connection: keep-alive\r\n");
  if (end.chunked) at = append(at, "Transfer-Encoding: chunked\r\n");
  if (!end.timing.empty()) at = append(append(append(at, "Server-Timing: "), end.timing), "\r\n");
  return static_cast<size_t>(append(at, "\r\n") - to);
}

}  // namespace zc
