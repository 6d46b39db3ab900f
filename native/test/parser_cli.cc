// Parses the records on stdin and prints one line of JSON for each: the parser as a program, for
// test/native/parser.test.ts.
//
// A record is six little-endian numbers of 32 bits, then its bytes:
//   0, max_head, max_target, max_fields, 0, size        a head; a limit of 0 is the default
//   1, chunked, content_length, limit, 0, size          a body
// Each is taken whole, a byte at a time and in two pieces cut at every byte (of long input, at some two thousand);
// "resumes" says that all agreed.
#include <cstdio>
#include <string>
#include <vector>

#include "test/parser_probe.h"
#include "test/quoted.h"

namespace {

using namespace zc;
using namespace zc::probe;

struct Record {
  uint32_t kind, numbers[4], size;
};

const char* name_of(ParseResult result) {
  switch (result) {
    case ParseResult::complete: return "complete";
    case ParseResult::incomplete: return "incomplete";
    case ParseResult::bad_request: return "bad_request";
    case ParseResult::uri_too_long: return "uri_too_long";
    case ParseResult::fields_too_large: return "fields_too_large";
    case ParseResult::version_not_supported: return "version_not_supported";
    case ParseResult::not_implemented: return "not_implemented";
  }
  return "?";
}

const char* name_of(DrainResult result) {
  switch (result) {
    case DrainResult::more: return "more";
    case DrainResult::done: return "done";
    case DrainResult::too_large: return "too_large";
    case DrainResult::bad: return "bad";
  }
  return "?";
}

size_t cut_step(size_t size) { return 1 + size / 2048; }

const char* boolean(bool value) { return value ? "true" : "false"; }

// An object of the fields in mask.
template <typename Value>
std::string by_name(FieldSet mask, Value value) {
  std::string json;
  for (int field = 0; field < kFieldCount; ++field) {
    if (!(mask >> field & 1)) continue;
    json += json.empty() ? "" : ",";
    json += quoted(kFieldNames[field]) + ':' + quoted(value(static_cast<Field>(field)));
  }
  return '{' + json + '}';
}

void print_head(const HeadOutcome& outcome, size_t decided_at, bool resumes) {
  std::printf("{\"result\":\"%s\",\"decidedAt\":%zu,\"resumes\":%s", name_of(outcome.result), decided_at, boolean(resumes));
  if (outcome.result == ParseResult::complete) {
    static const char* const kMethods[] = {"get", "head", "options", "other"};
    const ParsedHead& head = outcome.head;
    const std::string fields = by_name(head.present, [&](Field field) { return head.fields[field]; });
    const std::string joined =
        by_name(head.repeated, [&](Field field) { return joined_field({outcome.buffer.get(), head.size}, field); });
    std::printf(",\"head\":{\"method\":\"%s\",\"methodText\":%s,\"target\":%s,\"minor\":%d,\"fields\":%s,\"joined\":%s,",
                kMethods[static_cast<int>(head.method)], quoted(head.method_text).c_str(), quoted(head.target).c_str(),
                head.minor_version, fields.c_str(), joined.c_str());
    std::printf("\"keepAlive\":%s,\"expectContinue\":%s,\"chunked\":%s,\"contentLength\":\"%llu\",\"size\":%zu}",
                boolean(head.keep_alive), boolean(head.expect_continue), boolean(head.chunked),
                static_cast<unsigned long long>(head.content_length), head.size);
  }
  std::puts("}");
}

void run_head(std::string_view data, const uint32_t numbers[4]) {
  ParseLimits limits;
  if (numbers[0] != 0) limits.max_head = numbers[0];
  if (numbers[1] != 0) limits.max_target = numbers[1];
  if (numbers[2] != 0) limits.max_fields = numbers[2];
  const HeadOutcome whole = parse(data, limits, {});
  const HeadOutcome bytewise = parse(data, limits, every_byte(data.size()));
  bool resumes = same(whole, bytewise);
  for (size_t cut = 1; cut < data.size(); cut += cut_step(data.size())) resumes = resumes && same(whole, parse(data, limits, {cut}));
  print_head(whole, bytewise.decided_at, resumes);
}

void run_body(std::string_view data, const uint32_t numbers[4]) {
  BodyDrain body;
  body.start(numbers[0] != 0, numbers[1], numbers[2]);
  const BodyOutcome whole = drain(body, data, {});
  bool resumes = same(whole, drain(body, data, every_byte(data.size())));
  for (size_t cut = 1; cut < data.size(); cut += cut_step(data.size())) resumes = resumes && same(whole, drain(body, data, {cut}));
  std::printf("{\"result\":\"%s\",\"used\":%zu,\"content\":%s,\"resumes\":%s}\n", name_of(whole.result), whole.used,
              quoted(whole.content).c_str(), boolean(resumes));
}

}  // namespace

int main() {
  Record record;
  std::vector<char> bytes;
  while (std::fread(&record, sizeof record, 1, stdin) == 1) {
    bytes.resize(record.size);
    if (std::fread(bytes.data(), 1, bytes.size(), stdin) != bytes.size()) return 1;
    const std::string_view data(bytes.data(), bytes.size());
    record.kind == 0 ? run_head(data, record.numbers) : run_body(data, record.numbers);
  }
}
