// A connection's replies: send, then go on to the next request, drain, linger or close.
#include <sys/socket.h>

#include <cstring>

#include "engine/thread.h"

namespace zc {
namespace {

using State = Connection::State;

constexpr int64_t kLingerTimeout = 2000;     // ms for a client to notice that we have closed
constexpr uint64_t kLingerBytes = 1 << 20;  // dropped before the connection is cut all the same

char* append(char* to, const char* text, size_t size) {
  memcpy(to, text, size);
  return to + size;
}

template <size_t N>
char* append(char* to, const char (&text)[N]) {
  return append(to, text, N - 1);
}

}  // namespace

size_t EngineThread::closing_lines(const Connection& connection, bool close, char* out) const {
  char* end = append(out, date_.text().data(), date_.text().size());
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
      return await_page(connection);
    case SendResult::gone:
      abandon(connection, TransferEnd::gone);
      return false;
    case SendResult::broken:
      abandon(connection, TransferEnd::file_fault);
      return false;
  }
  return false;
}

// False: it waits, or it is over.
bool EngineThread::await_page(Connection& connection) {
  Transmission& out = connection.out;
  connection.state = State::page;
  arm(connection, limits_.send_timeout);
  const bool taken = pager_.page_in(out.wanted(), [self = Ref<EngineThread>(this), id = id_of(connection)] {
    Command command{};
    command.kind = Command::paged;
    command.id = id;
    self->post(std::move(command));
  });
  if (!taken) {
    // Its disk keeps so many waiting that this one's time would be over too.
    counters_.timeouts.add(1);
    abandon(connection, TransferEnd::timed_out);
  }
  return false;
}

bool EngineThread::finish_reply(Connection& connection) {
  Transmission& out = connection.out;
  tally(connection).responses.add(1);
  if (out.refused()) {
    counters_.refused.add(1);
    Record& record = tell(Record::refused);
    record.text = out.reply().file->path();
  }
  if (connection.borrowed()) {
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
      Record& record = tell(Record::file_fault);
      const File* source = connection.out.reply().source();
      record.text = source ? source->path() : std::string();
      record.code = static_cast<uint32_t>(connection.out.fault());
      record.error = connection.out.fault_error();
    } else if (why == TransferEnd::gone || why == TransferEnd::timed_out) {
      counters_.aborted.add(1);
    }
    if (connection.borrowed()) return end_transfer(connection, why);
    counters_.transfers.subtract(1);
  }
  destroy(connection);
}

void EngineThread::end_transfer(Connection& connection, TransferEnd end) {
  Record& record = tell(Record::transfer_end);
  record.id = static_cast<double>(connection.transfer);
  record.code = static_cast<uint32_t>(end);
  record.bytes = static_cast<double>(connection.out.body_bytes());
  transfers_.erase(connection.transfer);
  counters_.transfers.subtract(1);
  destroy(connection);
}

}  // namespace zc
