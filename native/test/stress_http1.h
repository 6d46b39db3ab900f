// A client of the stress program that speaks HTTP/1.1, and misbehaves.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "test/stress_contents.h"
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
      case 2:
        return append();
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
      requests += random_.one_in(3) ? content(random_.below(40)) : "\r\n";
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

  /** One request with much behind it, in pieces; some of it stays away. */
  size_t append() {
    const bool expects = random_.one_in(4);
    std::string request = std::string("POST /") + std::to_string(random_.below(12)) + " HTTP/1.1\r\nHost: localhost\r\n" +
                          (expects ? "Expect: 100-continue\r\n" : "") + content(random_.below(100'000));
    if (random_.one_in(6)) request.resize(random_.below(request.size()));
    for (size_t at = 0; at < request.size();) {
      const size_t size = std::min<size_t>(request.size() - at, 1 + random_.below(30'000));
      if (!link_.write_all(request.substr(at, size))) return 0;
      at += size;
    }
    if (random_.one_in(6)) {
      link_.vanish();
      return 0;
    }
    link_.end_output();
    return read_answer(false) ? 1 : 0;
  }

  /** By its length, or in chunks: from the last field line on. */
  std::string content(size_t size) {
    std::string bytes = content_of(size);
    if (random_.one_in(2)) return "Content-Length: " + std::to_string(size) + "\r\n\r\n" + bytes;
    std::string chunks = "Transfer-Encoding: chunked\r\n\r\n";
    while (!bytes.empty()) {
      const size_t part = std::min(bytes.size(), 1 + random_.below(random_.one_in(2) ? 20 : 50'000));
      char line[32];
      snprintf(line, sizeof line, "%zx\r\n", part);
      chunks += line + bytes.substr(0, part) + "\r\n";
      bytes.erase(0, part);
    }
    return chunks + "0\r\n\r\n";
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
    if (head.compare(9, 3, "100") == 0) return read_answer(is_head);
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
