#include "http1/gathered.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace zc {
namespace {

// In one piece, and nobody can change it.
std::optional<std::string_view> body_of(const Reply& reply, bool is_head) {
  if (is_head || reply.way == Way::none) return std::string_view();
  if (!reply.memory || reply.source() || !reply.parts.empty()) return std::nullopt;
  return std::string_view(reply.memory->data() + reply.span.start, reply.span.end - reply.span.start);
}

}  // namespace

Gathered::Gathered(Service& service) : service_(service) {
  bytes_.reserve(kRoom);
  waiting_.reserve(kMost);
}

bool Gathered::takes(const Reply& reply, bool is_head) {
  const std::optional<std::string_view> body = body_of(reply, is_head);
  return body && status_line(reply.status).size() + reply.fields.size() + body->size() <= kCopied;
}

void Gathered::add(Exchange&& exchange, Ref<const Reply> reply, bool is_head, HeadEnd end) {
  Waiting& added = waiting_.emplace_back(Waiting{std::move(exchange)});
  char head_end[kHeadEndSize];
  bytes_.append(status_line(reply->status)).append(reply->fields);
  bytes_.append(head_end, write_head_end(end, service_.turn().date.text(), head_end));
  added.body = bytes_.size();
  bytes_.append(*body_of(*reply, is_head));
  added.end = bytes_.size();
  added.exchange.body.start(std::move(reply), is_head, true, false);
  service_.begin(added.exchange);
}

Io Gathered::send(Stream& stream) {
  while (sent_ < bytes_.size()) {
    const iovec rest{bytes_.data() + sent_, bytes_.size() - sent_};
    const Io io = stream.send_vector(&rest, 1, false);
    blocked_ = io.result == Io::again;
    if (io.result != Io::moved) return io;
    sent_ += io.bytes;
    settle();
  }
  return {Io::moved, 0, sent_};
}

void Gathered::settle() {
  for (; ended_ < waiting_.size(); ++ended_) {
    auto& [exchange, body, end] = waiting_[ended_];
    const size_t reached = std::min(sent_, end);
    if (reached > body) {
      const uint64_t more = reached - body - exchange.body.sent();
      exchange.body.advance(more);
      service_.count(exchange, more);
    }
    if (reached < end) return;
    service_.end(exchange, ExchangeEnd::done);
  }
}

void Gathered::abandon(ExchangeEnd why) {
  for (; ended_ < waiting_.size(); ++ended_) service_.end(waiting_[ended_].exchange, why);
}

}  // namespace zc
