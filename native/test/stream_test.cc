// HTTP/1 on a stream that is no socket (record_stream.h), without a thread, an epoll or a port. Built and run by
// test/native/stream.test.ts; prints a line for each claim.
#include <algorithm>
#include <optional>

#include "http1/transfer.h"
#include "test/stream_client.h"

namespace {

using namespace zc;

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n";

/** Every habit of the stream; each body by every way. */
void bodies() {
  const RecordStream::Habits habits[] = {{700, 0, 0, false}, {1, 0, 0, false}, {700, 3, 0, false},
                                         {700, 0, 2, false}, {999, 2, 3, true}, {1 << 20, 0, 0, true}};
  for (const Way way : {Way::bytes, Way::mmap, Way::sendfile, Way::read}) {
    for (const RecordStream::Habits& habit : habits) {
      const std::string bytes = pattern(habit.record == 1 ? 3'000 : 700'001);
      Desk desk;
      const Ref<Reply> reply = reply_of(way, bytes);
      desk.prepared["/a"] = Ref<const Reply>(reply);
      Client client(desk, habit);
      const bool ended = client.run(kGet, [&] { return desk.ended.size() == 1; });
      const std::string how = std::string(kWayNames[static_cast<size_t>(way)]) + ", records of " +
                              std::to_string(habit.record) + (habit.turns_before ? ", reads before it writes" : "") +
                              (habit.writes_before ? ", writes before it reads" : "") + (habit.full_often ? ", often full" : "");
      claim(ended && client.stream->output == answer_of(bytes), how + ": every byte once, in order");
      claim(!client.stream->broke_promise, how + ": what was refused came again");
      claim(ended && desk.ended[0].how == ExchangeEnd::done && desk.ended[0].bytes == bytes.size() &&
                desk.counted == bytes.size(),
            how + ": the exchange ends once, with its bytes");
      if (way != Way::sendfile) continue;
      claim(!reply->file->refused(), how + ": the stream takes no files, which is no fault of the file");
      claim(ended && desk.ended[0].way == Way::read && desk.ended[0].reason == Reason::size, how + ": counted as read");
    }
  }
}

/** Each head lies in several records, and all of them are there with the first event. */
void input(RecordStream::Habits habits) {
  Desk desk;
  const std::string bytes = pattern(100);
  desk.prepared["/a"] = Ref<const Reply>(reply_of(Way::bytes, bytes));
  Client client(desk, habits);
  std::string requests, answers;
  for (int i = 0; i < 20; ++i) {
    requests += kGet;
    answers += answer_of(bytes);
  }
  claim(client.run(requests, [&] { return desk.ended.size() == 20; }), "a short read has not emptied the stream");
  claim(client.stream->output == answers, "twenty pipelined requests, twenty answers");
  claim(!client.stream->kept_back, "nothing is kept back behind the last");
}

/** Its own mapping of a file must not be read here: behind a cut that would be SIGBUS. */
void cut_mapping() {
  const std::string bytes = pattern(700'001);
  Desk desk;
  const Ref<Reply> reply = reply_of(Way::mmap, bytes);
  desk.prepared["/a"] = Ref<const Reply>(reply);
  Client client(desk, {});
  client.run(kGet, [&] { return client.stream->output.size() > 100'000 || !desk.ended.empty(); });
  claim(ftruncate(reply->source()->fd(), 200'000) == 0, "a mapped file is cut while it is sent");
  if (desk.ended.empty()) client.run("", [&] { return !desk.ended.empty(); });
  claim(desk.ended.size() == 1 && desk.ended[0].how == ExchangeEnd::file_fault, "the exchange ends with the file's fault");
}

/** As a protocol writes that has frames of its own: at most so many bytes, wherever they come from. */
void frames() {
  constexpr uint64_t kFrame = 1'000;
  for (const Way way : {Way::bytes, Way::mmap, Way::sendfile, Way::read}) {
    const std::string bytes = pattern(500'001);
    BodySource body;
    body.start(Ref<const Reply>(reply_of(way, bytes)), false, false, false);
    std::string sent;
    size_t longest = 0, frames = 0;
    for (bool more = true; more;) {
      iovec pieces[4];
      const BodyNext next = body.next(pieces, 4, kFrame, 0);
      if (next.kind == BodyNext::cold) {
        body.wanted().window->load(*body.reply().source(), false);
        continue;
      }
      more = next.kind == BodyNext::memory;
      std::string frame;
      for (size_t i = 0; i < next.count; ++i) frame.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      body.advance(frame.size());
      longest = std::max(longest, frame.size());
      frames += more;
      sent += frame;
    }
    const std::string name = kWayNames[static_cast<size_t>(way)];
    claim(sent == bytes && body.sent() == bytes.size(), name + ": every byte once, in frames");
    claim(longest == kFrame && frames <= 512, name + ": frames are full, but where a window ends");
  }
}

void questions() {
  Desk desk;
  Client client(desk, {700, 0, 0, false});
  client.run(kGet, [&] { return desk.waiting != nullptr; });
  claim(desk.asked.size() == 1 && desk.asked[0].method == "GET" && desk.asked[0].target == "/a", "a request is a value");
  claim(desk.asked[0].fields.empty(), "it has the fields that the plan reads, and no others");
  client.connection->on_answer(*desk.waiting, Ref<const Reply>(reply_of(Way::bytes, "hello")));
  claim(client.stream->output == answer_of("hello"), "its answer is sent");
  claim(desk.ended.size() == 1 && desk.ended[0].method == "GET" && desk.ended[0].target == "/a" && desk.ended[0].status == 200,
        "where it ends, method, target and status are known");
  client.run(kGet, [&] { return desk.asked.size() == 2; });
  client.connection->abandon(ExchangeEnd::gone);
  claim(desk.ended.size() == 2 && desk.ended[1].how == ExchangeEnd::gone && desk.ended[1].status == 0,
        "an exchange without an answer ends there too");
}

void lent() {
  Desk desk;
  const std::string bytes = pattern(300'000);
  auto made = std::make_unique<RecordStream>(RecordStream::Habits{});
  RecordStream& stream = *made;
  Transfer transfer(desk, std::move(made));
  transfer.begin(Ref<const Reply>(reply_of(Way::read, bytes)));
  while (std::exchange(desk.queued, nullptr)) transfer.on_turn();
  while (std::exchange(desk.paged, nullptr)) transfer.on_paged(transfer.exchange());
  while (std::exchange(desk.queued, nullptr)) transfer.on_turn();
  claim(stream.output == bytes && desk.ended.size() == 1, "a transfer sends the body alone");
}

/** Half of a second goes by at a time. */
void pace(Way way) {
  const std::string how = std::string(kWayNames[static_cast<size_t>(way)]) + ", paced";
  const std::string bytes = pattern(100'000);
  Desk desk;
  desk.limits_to_set().pace = {20'000, 30'000};
  desk.limits_to_set().send_timeout = 60'000;
  desk.prepared["/a"] = Ref<const Reply>(reply_of(way, bytes));
  Client client(desk, {1 << 20, 0, 0, false});
  const size_t head = answer_of(bytes).size() - bytes.size();
  client.run(kGet, [&] { return !desk.ended.empty(); });
  claim(client.stream->output.size() - head == 50'000, how + ": what is free, and the first second's, go at once");
  claim(!client.stream->kept_back, how + ": none of it is kept back");
  client.run("", [&] { return !desk.ended.empty(); });
  StreamEvents writable;
  writable.writable = true;
  client.connection->on_events(writable);
  claim(client.stream->output.size() - head == 50'000, how + ": no event brings more");
  claim(desk.due && *desk.due == desk.turn().now + 1, how + ": the next byte has its time");
  bool steady = true;
  for (size_t sent = 60'000; sent < 100'000; sent += 10'000) {
    desk.pass(500);
    client.connection->on_timeout();
    steady = steady && client.stream->output.size() - head == sent && desk.ended.empty();
  }
  claim(steady, how + ": then so many in a second");
  desk.pass(500);
  client.connection->on_timeout();
  claim(desk.ended.size() == 1 && client.stream->output == answer_of(bytes), how + ": every byte once, in order");
  claim(desk.timeouts == 0 && !client.connection->closed, how + ": who waits for us is not slow");
}

/** What waits behind prepared answers is read again when they have left, but it was asked once. */
void judged() {
  Desk desk;
  desk.limits_to_set().judges_clients = true;
  desk.prepared["/a"] = Ref<const Reply>(reply_of(Way::bytes, "hello"));
  Client client(desk, {700, 0, 0, false});
  const std::string other = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
  client.run(kGet + std::string(kGet) + other, [&] { return desk.waiting != nullptr; });
  claim(desk.judged == 3 && desk.asked.size() == 1, "a client is judged once for each request");
  client.connection->on_answer(*desk.waiting, Ref<const Reply>(reply_of(Way::bytes, "other")));
  desk.judgement = Ref<const Reply>(reply_of(Way::bytes, "wait"));
  client.stream->output.clear();
  client.run(kGet + other, [&] { return desk.ended.size() == 5; });
  claim(desk.judged == 5 && desk.asked.size() == 1 && client.stream->output == answer_of("wait") + answer_of("wait"),
        "what is judged is not asked");
}

/** What a body in chunks holds (RFC 9112 §7.1); nothing where it is not whole, or something follows. */
std::optional<std::string> unchunked(std::string_view text) {
  std::string body;
  for (;;) {
    const size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const size_t size = std::stoul(std::string(text.substr(0, end)), nullptr, 16);
    text.remove_prefix(end + 2);
    if (text.size() < size + 2 || text.substr(size, 2) != "\r\n") return std::nullopt;
    body += text.substr(0, size);
    text.remove_prefix(size + 2);
    if (size == 0) return text.empty() ? std::make_optional(body) : std::nullopt;
  }
}

/** A body that is made while it is sent, with what stands before and behind it on the connection. */
void fed() {
  const std::string head = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n";
  const RecordStream::Habits habits[] = {{700, 0, 0, false}, {1, 0, 0, false}, {999, 2, 3, true}, {1 << 20, 0, 0, true}};
  for (const RecordStream::Habits& habit : habits) {
    const std::string bytes = pattern(habit.record == 1 ? 3'000 : 300'001), how = "fed, records of " + std::to_string(habit.record);
    Desk desk;
    desk.limits_to_set().send_timeout = 1'000;
    desk.prepared = {{"/a", Ref<const Reply>(reply_of(Way::bytes, "hello"))}, {"/fed", Ref<const Reply>(reply_of(Way::feed, ""))}};
    Client client(desk, habit);
    const auto rest = [&] { client.run("", [] { return false; }); };
    const std::string get_fed = "GET /fed HTTP/1.1\r\nHost: a\r\n\r\n";
    client.run(kGet + get_fed + kGet, [] { return false; });
    claim(client.stream->output == answer_of("hello") + head && !client.stream->kept_back, how + ": the head does not wait");
    Exchange& exchange = **desk.live.begin();
    uint64_t spent = 0;
    size_t size = 1;
    const Ref<const File> file = make_file(bytes);
    for (size_t at = 0; at < bytes.size(); at += size, size = (size * 3 + 1) % 40'000) {
      if (size % 4 == 0) feed(exchange, {file, {at, std::min(at + size, bytes.size())}});
      else feed(exchange, bytes.substr(at, size));
      if (size % 2 == 0) rest();
      spent += exchange.body.feed()->take_spent();
    }
    rest();
    spent += exchange.body.feed()->take_spent();
    claim(spent == bytes.size(), how + ": whoever makes it is told of all that has left");
    claim(!desk.due && desk.live.size() == 1, how + ": no time runs for who waits for us");
    const Feed::OfFiles of_files = exchange.body.feed()->take_of_files();
    claim(of_files.read > 0 && of_files.sent == 0, how + ": what is a file's is read for a stream of records");
    finish_feed(exchange, true);
    rest();
    const size_t begin = answer_of("hello").size() + head.size(), end = client.stream->output.size() - answer_of("hello").size();
    claim(unchunked(client.stream->output.substr(begin, end - begin)) == bytes, how + ": every byte once, in chunks");
    claim(client.stream->output.substr(end) == answer_of("hello") && desk.ended.size() == 3, how + ": the next one is answered");
    claim(!client.stream->broke_promise && desk.ended[1].bytes == bytes.size(), how + ": its bytes are the body's");

    client.run(get_fed, [&] { return desk.live.size() == 1; });
    feed(**desk.live.begin(), "some");
    rest();
    finish_feed(**desk.live.begin(), false);
    claim(client.connection->closed && desk.ended.back().how == ExchangeEnd::file_fault && client.stream->output.find("0\r\n\r\n", end + 100) == std::string::npos,
          how + ": one that fails has no end");
  }
  Desk desk;
  desk.prepared["/fed"] = Ref<const Reply>(reply_of(Way::feed, ""));
  for (const bool whole : {true, false}) {
    Client client(desk, {700, 0, 0, false});
    client.run("GET /fed HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [] { return false; });
    Exchange& exchange = **desk.live.begin();
    feed(exchange, "some");
    client.run("", [] { return false; });
    finish_feed(exchange, whole);
    client.run("", [] { return false; });
    claim(client.stream->output == "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\r\nsome" &&
              (client.connection->closed || client.stream->output_ended) && client.stream->was_cut == !whole,
          std::string("for HTTP/1.0 it ends with the connection, ") + (whole ? "whole" : "cut off"));
  }
}

/** The last answer of a connection says so, and what comes behind it is not answered. */
void lifetime() {
  Desk desk;
  desk.prepared["/a"] = Ref<const Reply>(reply_of(Way::bytes, "hello"));
  desk.limits_to_set().keep_alive_requests = 2;
  Client counted(desk, {700, 0, 0, false});
  counted.run(kGet + std::string(kGet) + kGet, [&] { return counted.stream->output_ended; });
  claim(desk.ended.size() == 2 && counted.stream->output.find("Connection: close") > answer_of("hello").size(),
        "the second of two is the last");
  desk.limits_to_set().keep_alive_requests = 0;
  desk.limits_to_set().keep_alive_life = 1000;
  Client aged(desk, {700, 0, 0, false});
  aged.run(kGet, [&] { return desk.ended.size() == 3; });
  desk.pass(1000);
  claim(!aged.connection->closed, "a connection outlives its time");
  aged.run(kGet, [&] { return desk.ended.size() == 4; });
  claim((aged.connection->closed || aged.stream->output_ended) && aged.stream->output.find("Connection: close") > answer_of("hello").size(),
        "but not the next answer");
}

}  // namespace

int main() {
  bodies();
  input({16, 0, 0, false});
  input({16, 0, 2, false});
  input({16, 3, 5, true});
  cut_mapping();
  frames();
  questions();
  lent();
  for (const Way way : {Way::bytes, Way::mmap, Way::sendfile, Way::read}) pace(way);
  judged();
  lifetime();
  fed();
  return 0;
}
