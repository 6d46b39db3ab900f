// Answers that leave together: in order, each with its own end, whatever comes between. Built and run by
// test/native/stream.test.ts; prints a line for each claim.
#include <algorithm>

#include "test/random.h"
#include "test/stream_client.h"

namespace {

using namespace zc;

constexpr RecordStream::Habits kWide{1 << 20, 0, 0, false};

std::string request_for(const std::string& target, const char* method = "GET") {
  return std::string(method) + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

/** Bodies that are gathered, too long for it, and of ways that are not. */
struct Shelf {
  explicit Shelf(Desk& desk) {
    put(desk, "/none", Way::none, "");
    put(desk, "/one", Way::bytes, "1");
    put(desk, "/small", Way::bytes, pattern(1'000));
    put(desk, "/most", Way::bytes, pattern(4'000));
    put(desk, "/large", Way::bytes, pattern(50'000));
    put(desk, "/mapped", Way::mmap, pattern(900));
    put(desk, "/read", Way::read, pattern(800));
  }

  void put(Desk& desk, const std::string& target, Way way, const std::string& bytes) {
    desk.prepared[target] = Ref<const Reply>(reply_of(way, bytes));
    targets.push_back(target);
    bodies.push_back(bytes);
  }

  std::vector<std::string> targets, bodies;
};

std::string head_of(const std::string& bytes) {
  const std::string whole = answer_of(bytes);
  return whole.substr(0, whole.size() - bytes.size());
}

std::string many(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

/** Do these end in the order of their requests, each with its bytes? */
void mixtures() {
  const RecordStream::Habits habits[] = {kWide, {700, 0, 0, false}, {997, 0, 0, true}, {5'000, 3, 0, true}, {30'000, 2, 3, true}};
  Random random(7);
  for (const RecordStream::Habits& habit : habits) {
    bool whole = true, each = true, right = true, kept = true;
    for (int round = 0; round < 40; ++round) {
      Desk desk;
      const Shelf shelf(desk);
      Client client(desk, habit);
      std::string requests, answers;
      std::vector<size_t> asked;
      const size_t count = 1 + random.below(120);
      for (size_t i = 0; i < count; ++i) {
        const size_t which = random.one_in(3) ? random.below(shelf.targets.size()) : 1 + random.below(3);
        const bool is_head = random.one_in(5), has_body = random.one_in(12);
        std::string request = request_for(shelf.targets[which], is_head ? "HEAD" : "GET");
        if (has_body) request.insert(request.size() - 2, "Content-Length: 4\r\n").append("body");
        requests += request;
        answers += is_head ? head_of(shelf.bodies[which]) : answer_of(shelf.bodies[which]);
        asked.push_back(is_head ? 0 : which);
      }
      whole &= client.run(requests, [&] { return desk.ended.size() == count; }) && client.stream->output == answers;
      each &= desk.ended.size() == count && desk.begun == count && desk.live.empty();
      uint64_t bytes = 0;
      for (size_t i = 0; i < desk.ended.size(); ++i) {
        right &= desk.ended[i].how == ExchangeEnd::done && desk.ended[i].bytes == shelf.bodies[asked[i]].size();
        bytes += desk.ended[i].bytes;
      }
      right &= bytes == desk.counted;
      kept &= !client.stream->kept_back && !client.stream->broke_promise;
    }
    const std::string how = "records of " + std::to_string(habit.record) + (habit.full_often ? ", often full" : "");
    claim(whole, how + ": every answer, in order");
    claim(each, how + ": each exchange begins and ends once");
    claim(right, how + ": in order, with its own bytes");
    claim(kept, how + ": nothing is kept back, or sent otherwise than it was refused");
  }
}

void calls() {
  Desk desk;
  const Shelf shelf(desk);
  Client client(desk, kWide);
  client.run(many(16, request_for("/small")), [&] { return desk.ended.size() == 16; });
  claim(client.stream->sends == 1 && client.stream->output == many(16, answer_of(shelf.bodies[2])),
        "sixteen answers that are ready leave in one call");
  client.run(request_for("/small"), [&] { return desk.ended.size() == 17; });
  claim(client.stream->sends == 2, "and one alone in another");
  client.run(many(200, request_for("/small")), [&] { return desk.ended.size() == 217; });
  claim(client.stream->sends < 2 + 200 / 16, "many leave in few calls");
  claim(client.stream->output.size() == 217 * answer_of(shelf.bodies[2]).size(), "all of them");
}

/** Takes what fits a first record, and no more. */
struct Blocked {
  explicit Blocked(size_t count = 20) : shelf(desk), client(desk, {3'000, 0, 0, true}) {
    client.run(many(count, request_for("/small")), [&] { return client.stream->sends == 2; });
  }

  size_t done() const {
    return static_cast<size_t>(std::count_if(desk.ended.begin(), desk.ended.end(),
                                             [](const Desk::Ended& end) { return end.how == ExchangeEnd::done; }));
  }

  Desk desk;
  const Shelf shelf;
  Client client;
};

void full() {
  Blocked blocked;
  StreamEvents event;
  event.readable = event.writable = true;
  blocked.client.stream->deliver(request_for("/one"));
  blocked.client.connection->on_events(event);
  claim(blocked.done() == 5 && blocked.desk.begun == 20, "when it has room, those that wait go first");
}

void gone() {
  Blocked blocked;
  claim(blocked.done() == 2 && blocked.desk.live.size() == 18, "what has left has ended, the others wait");
  StreamEvents event;
  event.readable = true;
  blocked.client.stream->deliver(request_for("/one"));
  const int sends = blocked.client.stream->sends;
  blocked.client.connection->on_events(event);
  claim(blocked.client.stream->sends == sends && blocked.desk.begun == 20, "a full stream is left alone, and nothing is read");
  event.broken = true;
  blocked.client.connection->on_events(event);
  claim(blocked.client.connection->closed && blocked.desk.live.empty() && blocked.desk.ended.size() == 20 && blocked.done() == 2,
        "a client that goes away: each ends once");
  uint64_t bytes = 0;
  for (const Desk::Ended& end : blocked.desk.ended) bytes += end.bytes;
  const uint64_t heads = 3 * head_of(blocked.shelf.bodies[2]).size();
  claim(bytes == blocked.desk.counted && bytes == blocked.client.stream->output.size() - heads, "with the bytes that have left");
}

void too_slow() {
  Blocked blocked;
  blocked.desk.pass_time();
  blocked.client.connection->on_timeout();
  claim(blocked.desk.timeouts == 1 && blocked.client.connection->closed && blocked.desk.live.empty() &&
            blocked.desk.ended.back().how == ExchangeEnd::timed_out,
        "a client that takes nothing is timed out");
}

void stopped() {
  Blocked blocked;
  blocked.desk.set_stopping();
  blocked.client.connection->stop();
  claim(!blocked.client.connection->closed, "a stop waits for them");
  blocked.client.run("", [&] { return blocked.desk.ended.size() == 20; });
  claim(blocked.done() == 20 && blocked.client.stream->output == many(20, answer_of(blocked.shelf.bodies[2])) &&
            blocked.client.stream->output_ended,
        "then no more is answered");
}

/** What comes behind is no prepared answer. */
void behind() {
  const std::string three = many(3, request_for("/small"));
  const RecordStream::Habits habits[] = {kWide, {1'000, 0, 0, true}};
  for (const RecordStream::Habits& habit : habits) {
    const std::string how = habit.full_often ? " (often full)" : "";
    {
      Desk desk;
      const Shelf shelf(desk);
      const std::string answers = many(3, answer_of(shelf.bodies[2]));
      Client client(desk, habit);
      client.run(three + request_for("/asked") + request_for("/one"), [&] { return desk.waiting != nullptr; });
      claim(client.stream->output == answers && desk.ended.size() == 3, "they leave before a question is asked" + how);
      client.connection->on_answer(*desk.waiting, Ref<const Reply>(reply_of(Way::bytes, "hello")));
      client.run("", [&] { return desk.ended.size() == 5; });
      claim(client.stream->output == answers + answer_of("hello") + answer_of("1") && desk.asked.size() == 1,
            "its answer and the next follow" + how);
    }
    {
      Desk desk;
      const Shelf shelf(desk);
      Client client(desk, habit);
      client.run(three + "GET  bad\r\n\r\n", [&] { return client.stream->output_ended; });
      claim(client.stream->output == many(3, answer_of(shelf.bodies[2])) && desk.ended.size() == 3,
            "they leave before a request that is none ends the connection" + how);
    }
    {
      Desk desk;
      const Shelf shelf(desk);
      Client client(desk, habit);
      client.stream->ended = true;
      client.run(three + "GET /sm", [&] { return client.connection->closed; });
      claim(client.connection->closed && client.stream->output == many(3, answer_of(shelf.bodies[2])),
            "they leave before the end of what the client sends" + how);
    }
    {
      Desk desk;
      const Shelf shelf(desk);
      Client client(desk, habit);
      std::string last = request_for("/one");
      last.insert(last.size() - 2, "Connection: close\r\n");
      client.run(three + last + three, [&] { return client.stream->output_ended; });
      const std::string answers = many(3, answer_of(shelf.bodies[2]));
      claim(client.stream->output.size() > answers.size() && client.stream->output.compare(0, answers.size(), answers) == 0 &&
                client.stream->output.find("Connection: close", answers.size()) != std::string::npos && desk.ended.size() == 4,
            "the last answer comes behind them, and none after it" + how);
    }
  }
}

}  // namespace

int main() {
  mixtures();
  calls();
  full();
  gone();
  too_slow();
  stopped();
  behind();
  return 0;
}
