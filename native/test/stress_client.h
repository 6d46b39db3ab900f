// Clients of the stress program, which misbehave.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "test/stress_owner.h"

namespace zc::stress {

/** A blocking client that checks every byte it is sent. */
class Client {
 public:
  Client(int port, uint64_t seed) : random_(seed), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    connected_ = connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  /** One of the ways to use a connection. Returns the answers that came whole and right. */
  size_t live() {
    if (!connected_) return 0;
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
      requests += (head ? "HEAD /" : "GET /") + std::to_string(random_.below(12)) + "?q HTTP/1.1\r\nHost: a\r\n";
      if (random_.one_in(4)) requests += "If-None-Match: \"e\"\r\n";
      if (random_.one_in(8)) requests += "Range: bytes=0-1\r\n";
      if (random_.one_in(6)) requests += "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
      else if (random_.one_in(6)) requests += "Content-Length: 5\r\n\r\nhello";
      else requests += "\r\n";
    }
    const size_t cut = random_.below(requests.size());
    if (!write_all(requests.substr(0, cut)) || !write_all(requests.substr(cut))) return 0;
    if (random_.one_in(3)) shutdown(socket_.get(), SHUT_WR);
    size_t whole = 0;
    for (const char method : methods) {
      if (!read_answer(method == 'H')) return whole;
      ++whole;
    }
    return whole;
  }

  size_t vanish() {
    write_all("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /");
    char bytes[4096];
    for (uint64_t left = random_.below(200'000); left > 0;) {
      const ssize_t n = recv(socket_.get(), bytes, std::min<uint64_t>(left, sizeof bytes), 0);
      if (n <= 0) break;
      left -= static_cast<uint64_t>(n);
      if (random_.one_in(4)) break;
    }
    const linger reset{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return 0;
  }

  size_t send_garbage() {
    std::string bytes(random_.below(3000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
    write_all("GET / HTTP/1.1\r\n" + bytes);
    char answer[4096];
    shutdown(socket_.get(), SHUT_WR);
    while (recv(socket_.get(), answer, sizeof answer, 0) > 0) {
    }
    return 0;
  }

  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
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
    const size_t length = bodiless || length_text.empty() ? 0 : std::stoul(length_text);
    while (input_.size() < length) {
      if (!more()) return false;
    }
    if (head.compare(9, 3, "200") == 0 && length > 0) check(head, input_.substr(0, length));
    input_.erase(0, length);
    return head.find("Connection: close") == std::string::npos;
  }

  static std::string field(const std::string& head, const char* name) {
    const size_t at = head.find(name);
    if (at == std::string::npos) return {};
    const size_t start = at + strlen(name);
    return head.substr(start, head.find('\r', start) - start);
  }

  static void check(const std::string& head, const std::string& body) {
    const size_t file = std::stoul(field(head, "File: "));
    const std::string start = field(head, "Start: ");
    if (start == "parts") {
      const size_t second = body.find("|second|", 6);
      require(body.compare(0, 6, "first|") == 0 && body.compare(body.size() - 4, 4, "|end") == 0 &&
                  second != std::string::npos && body.size() == kSizes[file] + 18,
              "parts stand where they belong", head);
      return;
    }
    const size_t first = std::stoul(start);
    for (size_t at = 0; at < body.size(); ++at) {
      if (body[at] != byte_of(file, first + at)) die("every byte is the file's", head + "at " + std::to_string(at));
    }
  }

  bool more() {
    char bytes[65'536];
    const ssize_t n = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    input_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  Random random_;
  UniqueFd socket_;
  bool connected_ = false;
  std::string input_;
};

/** Clients on threads of their own; the bell rings as each ends. */
class Crowd {
 public:
  Crowd(size_t threads, size_t lives, Owner& owner, uint64_t seed) : left_(threads) {
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, &owner, i, lives, seed] {
        for (size_t life = 0; life < lives; ++life) whole_ += Client(owner.port, seed + i * 1000 + life).live();
        --left_;
        owner.bell.ring();
      });
    }
  }
  ~Crowd() { join(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  bool gone() const { return left_ == 0; }
  size_t whole() const { return whole_; }

 private:
  std::atomic<size_t> left_;
  std::atomic<size_t> whole_{0};
  std::vector<std::thread> threads_;
};

}  // namespace zc::stress
