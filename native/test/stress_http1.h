// A client of the stress program that speaks HTTP/1.1, and misbehaves.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "test/stress_link.h"
#include "test/stress_site.h"

namespace zc::stress {

/** HTTP/1.1; checks every byte it is sent. */
class Http1Client {
 public:
  Http1Client(Link& link, Random& random) : link_(link), random_(random) {}

  /** One of the ways to use a connection. Returns the answers that came whole and right. */
  size_t live() {
    switch (random_.below(8)) {
      case 0:
        return vanish();
      case 1:
        return send_garbage();
      default:
        return pipeline(1 + random_.below(12));
    }
  }

 private:
  size_t pipeline(size_t count) {
    std::string requests;
    std::string methods;
    for (size_t i = 0; i < count; ++i) {
      const bool head = random_.one_in(6);
      methods += head ? 'H' : 'G';
      requests += std::string(head ? "HEAD /" : "GET /") + (random_.one_in(2) ? "f." : "") + std::to_string(random_.below(12)) + "?q HTTP/1.1\r\nHost: " + (random_.one_in(3) ? kSecondHost : "localhost") + "\r\n";
      if (random_.one_in(4)) requests += "If-None-Match: \"e\"\r\n";
      if (random_.one_in(8)) requests += "Range: bytes=0-1\r\n";
      if (random_.one_in(6)) requests += "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
      else if (random_.one_in(6)) requests += "Content-Length: 5\r\n\r\nhello";
      else requests += "\r\n";
    }
    const size_t cut = random_.below(requests.size());
    if (!link_.write_all(requests.substr(0, cut))) return 0;
    if (random_.one_in(4)) link_.trouble();
    if (!link_.write_all(requests.substr(cut))) return 0;
    if (random_.one_in(3)) link_.end_output();
    size_t whole = 0;
    for (const char method : methods) {
      if (!read_answer(method == 'H')) return whole;
      ++whole;
    }
    return whole;
  }

  size_t vanish() {
    link_.write_all("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /9 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /");
    char bytes[4096];
    for (uint64_t left = random_.below(200'000); left > 0;) {
      const size_t n = link_.read(bytes, std::min<uint64_t>(left, sizeof bytes));
      if (n == 0) break;
      left -= n;
      if (random_.one_in(4)) break;
    }
    link_.vanish();
    return 0;
  }

  size_t send_garbage() {
    std::string bytes(random_.below(3000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
    link_.write_all("GET / HTTP/1.1\r\n" + bytes);
    char answer[4096];
    link_.end_output();
    while (link_.read(answer, sizeof answer) > 0) {
    }
    return 0;
  }

  bool read_answer(bool is_head) {
    size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return false;
    }
    const std::string head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    const bool bodiless = is_head || head.compare(9, 3, "304") == 0;
    const std::string length_text = field(head, "Content-Length: ");
    if (!bodiless && head.find("Transfer-Encoding: chunked") != std::string::npos) return read_chunks(head);
    const size_t length = bodiless || length_text.empty() ? 0 : std::stoul(length_text);
    while (input_.size() < length) {
      if (!more()) return false;
    }
    if (head.compare(9, 3, "200") == 0 && length > 0) {
      check_body(field(head, "File: "), field(head, "Start: "), std::string_view(input_).substr(0, length));
    }
    input_.erase(0, length);
    return head.find("Connection: close") == std::string::npos;
  }

  bool read_chunks(const std::string& head) {
    std::string body;
    for (size_t size = 1; size > 0;) {
      size_t end;
      while ((end = input_.find("\r\n")) == std::string::npos) {
        if (!more()) return false;
      }
      size = std::stoul(input_.substr(0, end), nullptr, 16);
      while (input_.size() < end + 2 + size + 2) {
        if (!more()) return false;
      }
      body += input_.substr(end + 2, size);
      input_.erase(0, end + 2 + size + 2);
    }
    require(body.size() == std::stoul(field(head, "Length: ")), "what ends is whole");
    check_body(field(head, "File: "), field(head, "Start: "), body);
    return head.find("Connection: close") == std::string::npos;
  }

  static std::string field(const std::string& head, const char* name) {
    const size_t at = head.find(name);
    if (at == std::string::npos) return {};
    const size_t start = at + strlen(name);
    return head.substr(start, head.find('\r', start) - start);
  }

  bool more() {
    char bytes[65'536];
    const size_t n = link_.read(bytes, sizeof bytes);
    input_.append(bytes, n);
    return n > 0;
  }

  Link& link_;
  Random& random_;
  std::string input_;
};

}  // namespace zc::stress
