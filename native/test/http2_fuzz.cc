// HTTP/2 under mutated frames, on a stream that is no socket: http2_fuzz SEQUENCES SEED [FIRST]. Built with the
// sanitizers and run by test/native/http2-fuzz.test.ts.
#include <cstdio>
#include <cstring>
#include <set>

#include "test/http2_claims.h"

namespace {

using namespace zc;

const std::string_view kTargets[] = {"/hot", "/empty", "/large", "/file", "/cold", "/fed", "/ask", "/early", "*", "/a b"};

/** A request that some client might send: indexed fields, literals, the table, all that the plan reads. */
std::string block_of(Random& random) {
  std::string block;
  block += random.one_in(4) ? "\x83" : "\x82";
  block += "\x86";
  block += line(":path", kTargets[random.below(std::size(kTargets))]);
  block += random.one_in(8) ? line("host", "a") : line(":authority", "a");
  if (random.one_in(3)) block += "\x40" + text("x-kept") + text(std::string(random.below(60), 'k'));
  if (random.one_in(3)) block += "\xbe";
  if (random.one_in(4)) block += line("priority", random.one_in(2) ? "u=1, i" : "u=6");
  if (random.one_in(6)) block += line("content-length", std::to_string(random.below(9)));
  if (random.one_in(6)) block += line("accept-encoding", "br") + line("accept-encoding", "gzip");
  return block;
}

std::string any_frame(Random& random, uint32_t& stream) {
  const uint32_t known = random.one_in(6) ? static_cast<uint32_t>(random.below(20)) : stream;
  switch (random.below(16)) {
    case 0:
      return frame(FrameType::data, random.below(2), known, std::string(random.below(40), 'd'));
    case 1:
      return frame(FrameType::data, kPadded | random.below(2), known, std::string(1, char(random.below(9))) + std::string(8, '\0'));
    case 2:
      return frame(FrameType::rst_stream, 0, known, big_endian(8));
    case 3:
      return initial_window(random.one_in(2) ? 0 : static_cast<uint32_t>(random.next() >> 1 & 0x7fffffff));
    case 4:
      return frame(FrameType::settings, kAck, 0, "");
    case 5:
      return frame(FrameType::ping, random.below(2), 0, "12345678");
    case 6:
      return frame(FrameType::goaway, 0, 0, std::string(8, '\0'));
    case 7:
    case 8:
      return frame(FrameType::window_update, 0, random.one_in(2) ? 0 : known, big_endian(static_cast<uint32_t>(random.below(100'000))));
    case 9:
      return frame(FrameType::priority_update, 0, 0, big_endian(random.one_in(2) ? known : stream + 2) + "u=2");
    case 10: {
      const std::string block = block_of(random);
      const size_t cut = random.below(block.size());
      stream += 2;
      return frame(FrameType::headers, random.below(2), stream, block.substr(0, cut)) +
             frame(FrameType::continuation, kEndHeaders, stream, block.substr(cut));
    }
    case 11:
      return frame(FrameType::headers, kEndHeaders | kEndStream, known, line("x-trailer", "1"));
    case 12:
      return frame(static_cast<FrameType>(random.below(20)), random.below(256), known, std::string(random.below(12), '\1'));
    default:
      stream += 2;
      return frame(FrameType::headers, kEndHeaders | (random.one_in(3) ? kNoFlags : kEndStream), stream, block_of(random));
  }
}

void mutate(std::string& input, Random& random) {
  for (size_t changes = random.below(4); changes > 0 && !input.empty(); --changes) {
    const size_t at = random.below(input.size());
    switch (random.below(4)) {
      case 0:
        input[at] = static_cast<char>(random.next());
        break;
      case 1:
        input[at] = static_cast<char>(input[at] ^ 1 << random.below(8));
        break;
      case 2:
        input.erase(at, 1 + random.below(12));
        break;
      default:
        input.insert(at, std::string(1 + random.below(3), static_cast<char>(random.next())));
    }
  }
}

/** What is held of every answer, whatever was asked: frames in order, heads before bodies, nothing behind an end. */
void check_output(std::string_view output) {
  std::set<uint32_t> begun, ended;
  for (size_t at = 0; at < output.size();) {
    if (output.size() - at < kFrameHeadSize) return;
    const FrameHead head = read_frame_head(output.data() + at);
    require(!judge_frame_head(head), "our own frames are in order");
    const bool early = head.type == FrameType::headers && is_early(output.substr(at + kFrameHeadSize, head.size));
    if (early) require(begun.count(head.stream) == 0 && !head.has(kEndStream), "a 103 comes before its answer");
    const bool heads = head.type == FrameType::headers && !early, body = head.type == FrameType::data;
    if (heads) require(begun.insert(head.stream).second, "one head for each stream");
    if (body) require(begun.count(head.stream) > 0, "a head comes before its body");
    if (heads || body) require(ended.count(head.stream) == 0, "nothing comes behind the end of a stream");
    if (head.has(kEndStream) && (heads || body)) ended.insert(head.stream);
    if (head.type == FrameType::rst_stream) ended.insert(head.stream);
    at += kFrameHeadSize + head.size;
  }
}

/** The most that the peer can have meant us to send: every WINDOW_UPDATE of the connection. */
uint64_t sum_of_windows(std::string_view input) {
  uint64_t sum = kInitialWindow;
  input.remove_prefix(std::min(kPreface.size(), input.size()));
  while (input.size() >= kFrameHeadSize) {
    const FrameHead head = read_frame_head(input.data());
    const std::optional<Violation> broken = judge_frame_head(head);
    if (broken && broken->scope == Violation::connection) break;
    if (input.size() < kFrameHeadSize + head.size) break;
    Frame frame;
    if (head.type == FrameType::window_update && !read_frame(head, input.substr(kFrameHeadSize, head.size), frame) && head.stream == 0) {
      sum += frame.number;
    }
    input.remove_prefix(kFrameHeadSize + head.size);
  }
  return sum;
}

struct Site {
  Ref<const Reply> hot{reply_of(Way::bytes, "hello")};
  Ref<const Reply> empty{reply_of(Way::bytes, "")};
  Ref<const Reply> fed{reply_of(Way::feed, "")};
  Ref<const Reply> large{reply_of(Way::bytes, pattern(200'000))};
  Ref<const Reply> file{reply_of(Way::read, pattern(300'000))};
  Ref<const Reply> early{early_reply(Way::bytes, "<a>; rel=preload")};
  Ref<const Reply> mapped{reply_of(Way::mmap, pattern(100'000))};

  /** Its files have to be waited for, where their filesystem lets pages go. */
  void cool() const {
    for (const Reply* reply : {file.get(), mapped.get()}) {
      const int fd = reply->source()->fd();
      fdatasync(fd);
      posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    }
  }
};

/** Some of what is made while it is sent goes on, some ends. */
void make_more(Desk& desk, Random& random) {
  static const Ref<const File> of_file = make_file(pattern(50'000));
  for (Exchange* const exchange : std::set<Exchange*>(desk.live)) {
    if (desk.live.count(exchange) == 0 || !exchange->body.feed() || random.one_in(3)) continue;
    if (random.one_in(4)) finish_feed(*exchange, !random.one_in(3));
    else if (exchange->body.feed()->whole()) continue;
    else if (random.one_in(2)) feed(*exchange, pattern(1 + random.below(50'000)));
    else feed(*exchange, {of_file, {random.below(1000), 1000 + random.below(50'000)}});
  }
}

void step(Http2Connection& connection, RecordStream& stream, Desk& desk, Random& random) {
  StreamEvents event;
  if (const auto awaited = std::exchange(stream.awaited, std::nullopt)) {
    stream.granted = true;
    (*awaited == Stream::Await::readable ? event.readable : event.writable) = true;
  }
  event.readable = event.readable || !stream.input.empty() || stream.ended;
  connection.on_events(event);
  for (int turns = 0; turns < 100 && desk.queued && !connection.closed; ++turns) std::exchange(desk.queued, nullptr)->on_turn();
  if (Exchange* paged = std::exchange(desk.paged, nullptr)) {
    if (!connection.closed && desk.live.count(paged) > 0) connection.on_paged(*paged);
  }
  if (Exchange* waiting = std::exchange(desk.waiting, nullptr)) {
    if (!connection.closed && desk.live.count(waiting) > 0 && !random.one_in(4)) connection.on_answer(*waiting, desk.prepared["/hot"]);
  }
  if (!connection.closed) make_more(desk, random);
  if (random.one_in(40) && desk.due && !connection.closed) {
    desk.pass_time();
    connection.on_timeout();
  }
}

void run(const Site& site, Random& random) {
  Desk desk;
  desk.prepared = {{"/hot", site.hot},     {"/empty", site.empty}, {"/large", site.large}, {"/file", site.file},
                   {"/cold", site.mapped}, {"/fed", site.fed},     {"/early", site.early}};
  desk.limits_to_set().header_timeout = 10'000;
  desk.limits_to_set().keep_alive_timeout = 75'000;
  desk.limits_to_set().send_timeout = 60'000;
  desk.limits_to_set().max_drain = 100;
  RecordStream::Habits habits;
  habits.record = random.one_in(4) ? 1 + random.below(40) : 3'000 + random.below(60'000);
  habits.turns_before = random.one_in(4) ? 3 : 0;
  habits.writes_before = random.one_in(4) ? 3 : 0;
  habits.full_often = random.one_in(4);
  auto made = std::make_unique<RecordStream>(habits);
  RecordStream& stream = *made;
  Http2Connection connection(desk, std::move(made));

  uint32_t last = static_cast<uint32_t>(-1);
  std::string input(kPreface);
  input += frame(FrameType::settings, 0, 0, "");
  // Some have more streams than are kept spare.
  for (size_t frames = 1 + random.below(random.one_in(8) ? 80 : 12); frames > 0; --frames) input += any_frame(random, last);
  if (!random.one_in(5)) mutate(input, random);
  if (!random.one_in(8) && input.compare(0, kPreface.size(), kPreface) != 0) input.replace(0, kPreface.size(), kPreface);

  if (random.one_in(8)) site.cool();
  connection.begin();
  stream.deliver(input);
  for (int i = 0; i < 12 && !connection.closed; ++i) step(connection, stream, desk, random);
  if (random.one_in(2)) connection.stop();
  stream.ended = true;
  for (int i = 0; i < 6 && !connection.closed; ++i) step(connection, stream, desk, random);
  if (!connection.closed) connection.abandon(ExchangeEnd::gone);

  require(connection.closed, "it ends");
  require(!stream.broke_promise, "what was refused came again");
  require(desk.live.empty(), "every exchange ends once");
  check_output(stream.output);
  require(sum_of_data(stream.output) <= sum_of_windows(input), "no more is sent than the peer takes");
}

}  // namespace

int main(int count, char** arguments) {
  check_settings_timeout();
  check_narrowed_windows();
  check_slow_reader();
  check_pace();
  check_half_closed();
  check_early();
  check_feed();
  const Site site;
  const auto one = [&site](Random& random) { run(site, random); };
  if (!fuzz::run(count, arguments, "http2_fuzz", one, [](unsigned long long made) { return made; })) return 2;
  std::printf("%llu sequences, seed %llu\n", fuzz::wanted, fuzz::seed);
}
