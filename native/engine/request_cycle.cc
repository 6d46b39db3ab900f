// A connection's requests: receive a head, answer it from the hot table or ask TypeScript.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "engine/thread.h"

namespace zc {
namespace {

using State = Connection::State;

// Requests one connection may have answered in a turn before the others get theirs.
constexpr int kTurnRequests = 64;

// The fields that TypeScript's plan reads; the others stay here.
constexpr uint32_t kPlanned = 1u << kAccept | 1u << kAcceptEncoding | 1u << kRange | 1u << kIfRange |
                              1u << kIfMatch | 1u << kIfNoneMatch | 1u << kIfModifiedSince | 1u << kIfUnmodifiedSince |
                              1u << kOrigin | 1u << kAccessControlRequestMethod |
                              1u << kAccessControlRequestHeaders;

std::string_view path_of(const RequestHead& head) { return head.target.substr(0, head.target.find('?')); }

// What is sent from the file itself must be what the head says, however long the evidence is trusted: one fstat(2).
bool is_current(const Reply& reply) {
  const File* source = reply.source();
  return !source || source->is_current();
}

int status_of(ParseResult result) {
  switch (result) {
    case ParseResult::uri_too_long:
      return 414;
    case ParseResult::fields_too_large:
      return 431;
    case ParseResult::version_not_supported:
      return 505;
    case ParseResult::not_implemented:
      return 501;
    case ParseResult::bad_request:
    case ParseResult::complete:
    case ParseResult::incomplete:
      return 400;
  }
  return 400;
}

}  // namespace

void EngineThread::advance(Connection& connection) {
  run_turn(connection);
  if (!connection.corked || connection.state == State::closed) return;
  // The reply that was to follow has to wait: what lies in the kernel must not (tcp(7): TCP_NODELAY flushes).
  const int on = 1;
  setsockopt(connection.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection.corked = false;
}

// Drives the connection until it has to wait: for bytes, for room in the socket, for TypeScript, for the disk.
void EngineThread::run_turn(Connection& connection) {
  for (int turn = 0; turn < kTurnRequests; ++turn) {
    switch (connection.state) {
      case State::receive:
        if (!receive_head(connection)) return;
        break;
      case State::send:
      case State::verify:
        if (!send(connection)) return;
        break;
      case State::drain:
        if (!drain_body(connection)) return;
        break;
      case State::linger:
        if (!drop_input(connection)) return;
        break;
      case State::answer:
      case State::page:
      case State::closed:
        return;
    }
  }
  requeue(connection);
}

Io EngineThread::receive_scratch(Connection& connection) {
  const Io io = receive(connection.socket.get(), scratch_.get(), kScratch);
  // A short read has emptied the socket (epoll(7)); only an announced end is still to be read.
  if (io.result == Io::again || (io.result == Io::moved && io.bytes < kScratch && !connection.peer_ended)) {
    connection.readable = false;
  }
  if (io.result == Io::closed) {
    connection.readable = false;
    connection.input_ended = true;
  }
  return io;
}

// True when the state has moved on.
bool EngineThread::receive_head(Connection& connection) {
  if (!connection.pending().empty() && parse_next(connection, connection.pending(), true)) return true;
  while (connection.readable) {
    const Io io = receive_scratch(connection);
    if (io.result == Io::again) break;
    if (io.result == Io::closed) {
      if (io.error != 0) abandon(connection, TransferEnd::gone);
      else destroy(connection);
      return false;
    }
    const std::string_view received(scratch_.get(), io.bytes);
    if (connection.pending().empty()) {
      if (parse_next(connection, received, false)) return true;
    } else {
      connection.append(received);
      if (parse_next(connection, connection.pending(), true)) return true;
    }
  }
  if (connection.input_ended) {
    destroy(connection);
    return false;
  }
  return false;
}

// `buffered`: the data are the connection's own; otherwise what is not used must be kept.
bool EngineThread::parse_next(Connection& connection, std::string_view data, bool buffered) {
  RequestHead head;
  const ParseResult result = parse_head(data, limits_.parse, connection.parse, head);
  if (result == ParseResult::incomplete) {
    if (!buffered) connection.input.assign(data);
    if (!connection.head_begun) {
      connection.head_begun = true;
      arm(connection, limits_.header_timeout);
    }
    return false;
  }
  connection.parse = ParseState{};
  connection.head_begun = true;
  if (result != ParseResult::complete) {
    refuse(connection, status_of(result));
    return true;
  }
  handle(connection, head, data.substr(0, head.size));
  if (buffered) connection.consume(head.size);
  else if (data.size() > head.size) connection.input.assign(data.substr(head.size));
  return true;
}

void EngineThread::handle(Connection& connection, const RequestHead& head, std::string_view bytes) {
  connection.minor_version = head.minor_version;
  connection.is_head = head.method == Method::head;
  connection.close_after = !head.keep_alive;
  if (head.chunked || head.content_length > 0) {
    // A client that waits for "100 Continue" gets its final answer instead (RFC 9110 §10.1.1); whether its body
    // still comes is unknown, so the connection ends.
    if (head.expect_continue || head.content_length > limits_.max_drain) {
      connection.close_after = connection.drops_input = true;
    } else {
      connection.has_body = true;
      connection.drain.start(head.chunked, head.content_length, limits_.max_drain);
    }
  }
  Ref<const Reply> hot = find_hot(head);
  if (hot && !is_current(*hot)) {
    drop_hot(head);
    hot = {};
  }
  if (!hot) return ask(connection, head, bytes);
  counters_.hot.add(1);
  start_reply(connection, std::move(hot));
}

void EngineThread::drop_hot(const RequestHead& head) {
  const std::string_view path = path_of(head);
  Record& record = tell(Record::stale);
  record.text = path;
  hot_.remove(path);
}

Ref<const Reply> EngineThread::find_hot(const RequestHead& head) {
  if (head.method != Method::get && head.method != Method::head) return {};
  const HotEntry* entry = hot_.find(path_of(head));
  if (!entry || !root_holds()) return {};
  if (now_ >= entry->valid_until.load(std::memory_order_relaxed)) {
    switch (look_at_evidence(*entry)) {
      case Look::holds:
        entry->valid_until.store(now_ + limits_.revalidate, std::memory_order_relaxed);
        break;
      case Look::broken:
        drop_hot(head);
        return {};
      case Look::unsure:
        // TypeScript looks, where that may take its time, and puts the entry again.
        entry->unsure.store(true, std::memory_order_relaxed);
        return {};
    }
  }
  if (!entry->used.load(std::memory_order_relaxed)) entry->used.store(true, std::memory_order_relaxed);
  return match(*entry, head);
}

// Hot answers stand only while the root's path names the directory that they were found in. A look a revalidate and
// thread, not a request: also while JavaScript is busy, the site that was replaced is not served for longer.
bool EngineThread::root_holds() {
  if (now_ < root_valid_until_) return true;
  if (root_ && root_->look() == RootLook::same) {
    root_valid_until_ = now_ + limits_.revalidate;
    return true;
  }
  if (!root_told_) tell(Record::root);
  root_told_ = true;
  return false;
}

void EngineThread::set_root(Ref<Root> root) {
  if (root.get() != root_.get()) hot_.clear();
  root_ = std::move(root);
  root_valid_until_ = root_ ? now_ + limits_.revalidate : 0;
  root_told_ = false;
}

// The resolution still stands when each path it rests on has the version that it had. A look must not wait for a disk
// or for somebody else's server.
EngineThread::Look EngineThread::look_at_evidence(const HotEntry& entry) {
  if (entry.remote) return Look::unsure;
  for (const Evidence& evidence : entry.evidence) {
    const OpenResult opened = look_beneath(*root_, evidence.path, setup_.symlinks);
    struct stat st;
    std::string version;
    if (opened.fd) {
      if (fstat(opened.fd.get(), &st) != 0) return Look::broken;
      version = FileStat::from(st).version();
    } else if (opened.error == EAGAIN) {
      return Look::unsure;
    } else if (opened.error == EMFILE || opened.error == ENFILE || opened.error == ENOMEM || opened.error == EIO) {
      // No evidence of a change: what is open goes on, and is looked at again with the next request.
      return Look::holds;
    }
    if (version != evidence.version) return Look::broken;
  }
  return Look::holds;
}

void EngineThread::ask(Connection& connection, const RequestHead& head, std::string_view bytes) {
  connection.state = State::answer;
  arm(connection, limits_.send_timeout);
  Record& record = tell(Record::request);
  record.id = static_cast<double>(id_of(connection));
  record.method = head.method_text;
  record.text = head.target;
  for (uint32_t left = head.present & kPlanned; left != 0; left &= left - 1) {
    const auto field = static_cast<Field>(__builtin_ctz(left));
    const bool repeated = (head.repeated >> field & 1) != 0;
    record.fields.emplace_back(field, repeated ? joined_field(bytes, field) : std::string(head.fields[field]));
  }
}

void EngineThread::refuse(Connection& connection, int status) {
  connection.close_after = connection.drops_input = true;
  connection.has_body = connection.is_head = false;
  const auto found = setup_.errors.find(status);
  if (found == setup_.errors.end()) return linger(connection);
  start_reply(connection, Ref<const Reply>(found->second));
}

}  // namespace zc
