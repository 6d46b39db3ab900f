// The life of one connection: receive a head, answer it from the hot table or ask TypeScript, send, go on or close.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "engine_thread.h"

namespace zc {
namespace {

using State = Connection::State;

// Requests one connection may have answered in a turn before the others get theirs.
constexpr int kTurnRequests = 64;
constexpr int64_t kLingerTimeout = 2000;     // ms for a client to notice that we have closed
constexpr uint64_t kLingerBytes = 1 << 20;  // dropped before the connection is cut all the same

// The fields that TypeScript's plan reads; the others stay here.
constexpr uint32_t kPlanned = 1u << kAccept | 1u << kAcceptEncoding | 1u << kRange | 1u << kIfRange |
                              1u << kIfMatch | 1u << kIfNoneMatch | 1u << kIfModifiedSince | 1u << kIfUnmodifiedSince |
                              1u << kOrigin | 1u << kAccessControlRequestMethod |
                              1u << kAccessControlRequestHeaders;

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

char* append(char* to, const char* text, size_t size) {
  memcpy(to, text, size);
  return to + size;
}

template <size_t N>
char* append(char* to, const char (&text)[N]) {
  return append(to, text, N - 1);
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
  const Reply* hot = find_hot(head);
  if (!hot) return ask(connection, head, bytes);
  counters_.hot.add(1);
  start_reply(connection, Ref<const Reply>(hot));
}

const Reply* EngineThread::find_hot(const RequestHead& head) {
  if (head.method != Method::get && head.method != Method::head) return nullptr;
  const std::string_view path = head.target.substr(0, head.target.find('?'));
  const HotEntry* entry = hot_.find(path);
  if (!entry) return nullptr;
  if (now_ >= entry->valid_until.load(std::memory_order_relaxed) && !evidence_holds(*entry)) {
    Record record{};
    record.kind = Record::stale;
    record.text = path;
    records_.push_back(std::move(record));
    hot_.remove(path);
    return nullptr;
  }
  if (!entry->used.load(std::memory_order_relaxed)) entry->used.store(true, std::memory_order_relaxed);
  return match(*entry, head);
}

// The resolution still stands when each path it rests on has the version that it had.
bool EngineThread::evidence_holds(const HotEntry& entry) {
  for (const Evidence& evidence : entry.evidence) {
    const OpenResult opened = open_beneath(*setup_.root, evidence.path, O_PATH, setup_.symlinks);
    struct stat st;
    std::string version;
    if (opened.fd) {
      if (fstat(opened.fd.get(), &st) != 0) return false;
      version = FileStat::from(st).version();
    } else if (opened.error == EMFILE || opened.error == ENFILE || opened.error == ENOMEM || opened.error == EIO) {
      // No evidence of a change: what is open goes on, and is looked at again with the next request.
      return true;
    }
    if (version != evidence.version) return false;
  }
  entry.valid_until.store(now_ + limits_.revalidate, std::memory_order_relaxed);
  return true;
}

void EngineThread::ask(Connection& connection, const RequestHead& head, std::string_view bytes) {
  connection.state = State::answer;
  arm(connection, limits_.send_timeout);
  Record record{};
  record.kind = Record::request;
  record.id = static_cast<double>(id_of(connection));
  record.method = head.method_text;
  record.text = head.target;
  for (uint32_t left = head.present & kPlanned; left != 0; left &= left - 1) {
    const auto field = static_cast<Field>(__builtin_ctz(left));
    const bool repeated = (head.repeated >> field & 1) != 0;
    record.fields.emplace_back(field, repeated ? joined_field(bytes, field) : std::string(head.fields[field]));
  }
  records_.push_back(std::move(record));
}

void EngineThread::refuse(Connection& connection, int status) {
  connection.close_after = connection.drops_input = true;
  connection.has_body = connection.is_head = false;
  const auto found = setup_.errors.find(status);
  if (found == setup_.errors.end()) return linger(connection);
  start_reply(connection, Ref<const Reply>(found->second));
}

size_t EngineThread::closing_lines(const Connection& connection, bool close, char* out) const {
  char* end = append(out, date_line_, date_size_);
  if (close) end = append(end, "Connection: close\r\n");
  else if (connection.minor_version == 0) end = append(end, "Connection: keep-alive\r\n");
  end = append(end, "\r\n");
  return static_cast<size_t>(end - out);
}

void EngineThread::start_reply(Connection& connection, Ref<const Reply> reply) {
  if (reply->close || stopping_) connection.close_after = true;
  char closing[Transmission::kClosingLines];
  const size_t size = closing_lines(connection, connection.close_after, closing);
  connection.out.start(std::move(reply), connection.is_head, closing, size);
  connection.state = State::send;
  counters_.transfers.add(1);
}

Counters::Tally& EngineThread::tally(const Connection& connection) {
  const Transmission& out = connection.out;
  const size_t carrier = connection.is_head ? 0 : static_cast<size_t>(out.carrier());
  return counters_.bodies[carrier][out.refused() ? kRefusedReason : out.reply().reason];
}

// True when the reply is over and the connection goes on.
bool EngineThread::send(Connection& connection) {
  Transmission& out = connection.out;
  const bool verifying = connection.state == State::verify;
  connection.state = State::send;
  const uint64_t before = out.body_bytes();
  // Pipelined requests wait behind this one: their replies share segments.
  connection.corked = !connection.close_after && !connection.pending().empty();
  const SendResult result = out.send(connection.socket.get(), limits_.send, now_, connection.corked);
  tally(connection).bytes.add(out.body_bytes() - before);
  switch (result) {
    case SendResult::done:
      return finish_reply(connection);
    case SendResult::again:
      arm(connection, limits_.send_timeout);
      return false;
    case SendResult::yield:
      arm(connection, limits_.send_timeout);
      requeue(connection);
      return false;
    case SendResult::unacked:
      if (!verifying) arm(connection, limits_.send_timeout);
      connection.state = State::verify;
      if (!connection.queued) unacked_.push_back(&connection);
      connection.queued = true;
      return false;
    case SendResult::cold:
      connection.state = State::page;
      arm(connection, limits_.send_timeout);
      pager_.page_in(out.reply().file, out.cold_span(), [this, id = id_of(connection)] {
        Command command{};
        command.kind = Command::paged;
        command.id = id;
        post(std::move(command));
      });
      return false;
    case SendResult::gone:
      abandon(connection, TransferEnd::gone);
      return false;
    case SendResult::broken:
      abandon(connection, TransferEnd::file_fault);
      return false;
  }
  return false;
}

bool EngineThread::finish_reply(Connection& connection) {
  Transmission& out = connection.out;
  tally(connection).responses.add(1);
  if (out.refused()) {
    counters_.refused.add(1);
    Record record{};
    record.kind = Record::refused;
    record.text = out.reply().file->path();
    records_.push_back(std::move(record));
  }
  if (connection.borrowed) {
    end_transfer(connection, TransferEnd::done);
    return false;
  }
  counters_.transfers.subtract(1);
  out.clear();
  connection.is_head = false;
  // The head of an answer that was in flight when we stopped promised more than we keep (RFC 9112 §9.6 lets us).
  if (connection.close_after || stopping_) {
    // Input that nobody reads would turn our close into a reset, and the reset would eat the answer.
    if (connection.drops_input || connection.has_body || connection.readable || !connection.pending().empty()) {
      linger(connection);
      return true;
    }
    destroy(connection);
    return false;
  }
  if (connection.has_body) {
    connection.state = State::drain;
    arm(connection, limits_.header_timeout);
  } else {
    await_head(connection);
  }
  return true;
}

// The next head is here already (pipelined) or comes after a pause.
void EngineThread::await_head(Connection& connection) {
  connection.state = State::receive;
  connection.head_begun = !connection.pending().empty();
  arm(connection, connection.head_begun ? limits_.header_timeout : limits_.keep_alive_timeout);
}

bool EngineThread::drain_body(Connection& connection) {
  for (;;) {
    const bool buffered = !connection.pending().empty();
    std::string_view data = connection.pending();
    if (!buffered) {
      if (!connection.readable) return false;
      const Io io = receive_scratch(connection);
      if (io.result == Io::again) return false;
      if (io.result == Io::closed) {
        destroy(connection);
        return false;
      }
      data = {scratch_.get(), io.bytes};
    }
    size_t used = 0;
    const DrainResult result = connection.drain.consume(data, used);
    if (buffered) connection.consume(used);
    else if (used < data.size()) connection.input.assign(data.substr(used));
    if (result == DrainResult::more) continue;
    connection.has_body = false;
    if (result == DrainResult::done) await_head(connection);
    // The request is answered already: what cannot be drained ends the connection (RFC 9112 §9.3).
    else linger(connection);
    return true;
  }
}

void EngineThread::linger(Connection& connection) {
  shutdown(connection.socket.get(), SHUT_WR);
  connection.state = State::linger;
  connection.input = {};
  connection.used = 0;
  // Not readable now is no matter: what comes will be announced.
  wheel_.disarm(connection);
  arm(connection, kLingerTimeout);
}

bool EngineThread::drop_input(Connection& connection) {
  while (connection.readable && connection.lingered < kLingerBytes) {
    const Io io = receive_scratch(connection);
    if (io.result == Io::again) return false;
    if (io.result != Io::moved) break;
    connection.lingered += io.bytes;
  }
  if (connection.input_ended || connection.lingered >= kLingerBytes) destroy(connection);
  return false;
}

// The reply in progress, if there is one, does not reach its end.
void EngineThread::abandon(Connection& connection, TransferEnd why) {
  if (connection.out.active()) {
    if (why == TransferEnd::file_fault) {
      counters_.truncated.add(1);
      Record record{};
      record.kind = Record::file_fault;
      const File* source = connection.out.reply().source();
      record.text = source ? source->path() : std::string();
      record.code = static_cast<uint32_t>(connection.out.fault());
      record.error = connection.out.fault_error();
      records_.push_back(std::move(record));
    } else if (why == TransferEnd::gone || why == TransferEnd::timed_out) {
      counters_.aborted.add(1);
    }
    if (connection.borrowed) return end_transfer(connection, why);
    counters_.transfers.subtract(1);
  }
  destroy(connection);
}

void EngineThread::end_transfer(Connection& connection, TransferEnd end) {
  for (auto at = transfers_.begin(); at != transfers_.end(); ++at) {
    if (at->second != &connection) continue;
    Record record{};
    record.kind = Record::transfer_end;
    record.id = static_cast<double>(at->first);
    record.code = static_cast<uint32_t>(end);
    record.bytes = static_cast<double>(connection.out.body_bytes());
    records_.push_back(std::move(record));
    transfers_.erase(at);
    break;
  }
  counters_.transfers.subtract(1);
  destroy(connection);
}

}  // namespace zc
