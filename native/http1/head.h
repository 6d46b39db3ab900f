// What HTTP/1 adds to a reply: the status line, Date, what is of the connection, and the empty line. RFC 9112 §4, §9.6.
#pragma once
#include <cstddef>
#include <string_view>

namespace zc {

/** "HTTP/1.1 200 OK" CRLF; the phrase is empty for a status that nobody has registered (RFC 9112 §4). */
std::string_view status_line(unsigned status);

/** What is said about the connection, and to whom. */
struct HeadEnd {
  bool close = false;
  bool old_peer = false;  // HTTP/1.0: that the connection stays must be said
  bool chunked = false;   // the body is (RFC 9112 §7.1)
  std::string_view timing = {};  // see connection_timing; empty: nothing is said
};

constexpr size_t kHeadEndSize = 160;

/** Writes at most kHeadEndSize bytes; returns how many. */
size_t write_head_end(HeadEnd end, std::string_view date, char* to);

}  // namespace zc
