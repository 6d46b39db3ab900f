// Mutates request heads and chunked bodies and checks what must hold for any bytes; built with the sanitizers by
// test/native/parser-fuzz.test.ts.
//
// parser_fuzz HEADS SEED [FIRST]: HEADS heads from number FIRST (default 0), and a body for every fourth. Each input
// follows from the seed and its number alone, so `parser_fuzz 1 SEED NUMBER` repeats one.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "test/parser_probe.h"
#include "test/fuzz.h"

namespace {

using namespace zc;
using namespace zc::probe;

void require(bool holds, const char* claim, std::string_view input) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\ninput, %zu bytes:\n", claim, input.size());
  for (const unsigned char byte : input) {
    std::fprintf(stderr, byte >= 0x20 && byte < 0x7f && byte != '\\' ? "%c" : "\\x%02x", byte);
  }
  std::fputs("\n", stderr);
  fuzz::report_position();
  std::exit(1);
}

template <size_t N>
std::string pick(const std::string (&from)[N], Random& random) {
  return from[random.below(N)];
}

const std::string kHeads[] = {
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HEAD /a/b.css?x=1 HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
    "GET /big.bin HTTP/1.1\r\nHost: [::1]:80\r\nRange: bytes=0-99\r\nIf-Range: \"abc\"\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost:\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    "GET http://example.com/path?q HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: gzip, br\r\n\r\n",
    "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\nhello world",
    "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "\r\nGET /after-empty-line HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: a=1\r\nCookie: b=2\r\nAccept: a\r\naccept: b\r\n\r\n",
    "GET /pipelined HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /w HTTP/1.1\r\nHost: w\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "GET /c HTTP/1.1\r\nHost: w\r\nIf-None-Match: W/\"a\", \"b\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "X-Forwarded-For: 10.0.0.1, \xe2\x82\xac\r\nForwarded: for=_x;proto=https\r\nAccept-Language: de;q=0.5\r\n\r\n",
};

const std::string kBodies[] = {
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "A;name=value\r\n0123456789\r\n1 ;q=\"x y\"\r\nz\r\n000\r\nTrailer: t\r\nOther:\r\n\r\nGET / HTTP/1.1\r\n",
    "fffffffffffffff\r\n",
};

const std::string kPieces[] = {
    "\r\n", "\n", "\r", " ", "\t", ":", ",", "#", "%", "%41", "[", "]", "*", "\x7f", "\x80", "\xff", ";", "0", "18446744073709551616",
    std::string(1, '\0'), "\r\n\r\n", "\r\n ", " :", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "Host: b\r\n", "Host: a@b:1\r\n", "host:\r\n",
    "Content-Length: 5\r\n", "Content-Length: +5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n", "Expect: 100-continue\r\n", "https://u@h/", "chunked", "GET ", "OPTIONS ", "ffffffffffffffff\r\n",
    std::string(40, 'a'), std::string(300, '/'), std::string(120, ' '), "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\n",
};

// Changes one place of text.
void mutate(std::string& text, Random& random) {
  const size_t at = random.below(text.size() + 1);
  const size_t length = std::min(random.below(random.one_in(4) ? 64 : 4), text.size() - at);
  switch (random.below(7)) {
    case 0:
    case 1: text.insert(at, pick(kPieces, random)); break;
    case 2: text.erase(at, length); break;
    case 3: text.insert(at, text.substr(at, length)); break;
    case 4: text.replace(at, length, pick(kPieces, random)); break;
    case 5: text.insert(at, 1, static_cast<char>(random.next())); break;
    case 6:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      break;
  }
}

template <size_t N>
std::string mutated(const std::string (&seeds)[N], Random& random) {
  std::string text = pick(seeds, random);
  if (random.one_in(8)) text = text.substr(0, random.below(text.size() + 1)) + pick(seeds, random);
  for (size_t changes = random.below(5); changes > 0; --changes) mutate(text, random);
  if (random.one_in(8)) text.resize(random.below(text.size() + 1));
  return text;
}

std::vector<size_t> random_cuts(size_t size, Random& random) {
  if (random.one_in(64)) return every_byte(size);
  std::vector<size_t> cuts(1 + random.below(3));
  for (size_t& cut : cuts) cut = random.below(size + 1);
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

bool within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

bool has(FieldSet mask, Field field) { return (mask >> field & 1) != 0; }

void check_field(const ParsedHead& head, Field field, std::string_view bytes, std::string_view input) {
  const std::string_view value = head.fields[field];
  if (!has(head.present, field)) {
    require(value.empty() && !has(head.repeated, field), "an absent field is empty", input);
    return;
  }
  require(within(value, bytes), "a field lies within the head", input);
  require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "a value holds no line", input);
  require(value.empty() || (value.find_first_of(" \t") != 0 && value.find_last_of(" \t") != value.size() - 1),
          "a value is trimmed", input);
  const std::string joined = joined_field(bytes, field);
  require(has(head.repeated, field) ? joined.size() >= value.size() + 2 && joined.substr(0, value.size()) == value : joined == value,
          "joined lines begin with the first", input);
}

// What any complete head promises, whatever the bytes were.
void check_complete(const HeadOutcome& outcome, std::string_view input, const ParseLimits& limits) {
  const ParsedHead& head = outcome.head;
  require(head.size <= input.size() && head.size <= limits.max_head, "the head fits its input and its limit", input);
  const std::string_view bytes(outcome.buffer.get(), head.size);
  require(bytes.substr(bytes.size() - 4) == "\r\n\r\n", "the head ends with an empty line", input);
  for (size_t i = 0; i < bytes.size(); ++i) {
    require(bytes[i] != '\0', "no NUL", input);
    require(bytes[i] != '\r' || bytes[i + 1] == '\n', "no bare CR", input);
    require(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'), "no bare LF", input);
  }
  require(within(head.method_text, bytes) && !head.method_text.empty(), "the method lies within the head", input);
  require(within(head.target, bytes) && !head.target.empty(), "the target lies within the head", input);
  require(head.target.size() <= limits.max_target, "the target keeps its limit", input);
  require(head.target.find_first_of("# ") == head.target.npos, "the target is one word without a fragment", input);
  require(std::count(bytes.begin(), bytes.end(), '\n') <= limits.max_fields + 3, "the lines keep their limit", input);
  for (int field = 0; field < kFieldCount; ++field) check_field(head, static_cast<Field>(field), bytes, input);
  require(head.minor_version == 0 || has(head.present, kHost), "HTTP/1.1 has a Host", input);
  require(!has(head.repeated, kHost), "one Host at most", input);
  require(!head.chunked || (head.minor_version == 1 && !has(head.present, kContentLength)), "one framing at most", input);
  require(head.chunked == has(head.present, kTransferEncoding), "any transfer coding is chunked", input);
  require(!head.expect_continue || head.minor_version == 1, "HTTP/1.0 expects nothing", input);
}

void fuzz_head(Random& random) {
  ParseLimits limits;
  if (random.one_in(4)) limits = {uint32_t(16 + random.below(200)), uint32_t(1 + random.below(40)), uint32_t(random.below(6))};
  const std::string input = mutated(kHeads, random);
  const HeadOutcome whole = parse(input, limits, {});
  require(same(whole, parse(input, limits, random_cuts(input.size(), random))), "any split gives the same", input);
  if (whole.result == ParseResult::incomplete) {
    require(input.size() < limits.max_head, "a full head is decided", input);
    return;
  }
  if (whole.result == ParseResult::complete) check_complete(whole, input, limits);
  if (random.one_in(4)) {
    const std::string longer = input + mutated(kHeads, random);
    require(same(whole, parse(longer, limits, {})), "what follows changes nothing", longer);
  }
}

// A body of random chunks and what follows it, with its content and the size of its bytes.
struct Chunked {
  std::string bytes, content;
  size_t size = 0;
};

Chunked valid_body(Random& random) {
  Chunked body;
  for (size_t chunks = random.below(4); chunks > 0; --chunks) {
    const size_t size = 1 + random.below(random.one_in(8) ? 600 : 20);
    char line[64];
    std::snprintf(line, sizeof line, random.one_in(2) ? "%zx\r\n" : "%zX \t;e=\"\xe9\"\r\n", size);
    const std::string content(size, static_cast<char>(random.next()));
    body.bytes += line + content + "\r\n";
    body.content += content;
  }
  body.bytes += random.one_in(2) ? "0\r\n\r\n" : "00;last\r\nA-Trailer: x\r\nB:\r\n\r\n";
  body.size = body.bytes.size();
  body.bytes += mutated(kHeads, random);
  return body;
}

void fuzz_body(Random& random) {
  BodyDrain body;
  const Chunked valid = valid_body(random);
  body.start(true, 0, valid.content.size());
  const BodyOutcome drained = drain(body, valid.bytes, random_cuts(valid.bytes.size(), random));
  require(drained.result == DrainResult::done && drained.used == valid.size, "a valid body is drained exactly", valid.bytes);
  require(drained.content == valid.content, "its content is given out", valid.bytes);
  if (!valid.content.empty()) {
    body.start(true, 0, valid.content.size() - 1);
    require(drain(body, valid.bytes, {}).result == DrainResult::too_large, "a limit holds", valid.bytes);
  }

  std::string input = random.one_in(2) ? valid.bytes : mutated(kBodies, random);
  mutate(input, random);
  const size_t limit = random.below(300);
  body.start(!random.one_in(8), random.below(300), limit);
  const BodyOutcome whole = drain(body, input, {});
  require(whole.content.size() <= limit, "no more content than is allowed", input);
  require(whole.used <= input.size(), "no more is used than there is", input);
  require(whole.result != DrainResult::more || whole.used == input.size(), "more has used all", input);
  require(same(whole, drain(body, input, random_cuts(input.size(), random))), "any split of a body gives the same", input);
}

}  // namespace

int main(int count, char** arguments) {
  const auto one = [](Random& random) {
    fuzz_head(random);
    if (fuzz::number % 4 == 0) fuzz_body(random);
  };
  if (!fuzz::run(count, arguments, "parser_fuzz", one, [](unsigned long long made) { return made; })) return 2;
  std::printf("%llu heads and %llu bodies, seed %llu\n", fuzz::wanted, (fuzz::wanted + 3) / 4, fuzz::seed);
}
