#include "http/file_template.h"

#include <algorithm>

#include "base/clock.h"
#include "http/content_hash.h"
#include "http/grammar.h"

namespace zc {
namespace {

constexpr int64_t kSecond = 1'000'000'000;  // ns
constexpr size_t kHashLength = 8;
constexpr size_t kLengthLine = 48;
// SHA-256 of it takes 20 µs, or 80 where the processor has no instructions for that.
constexpr uint64_t kHashedHere = 32 << 10;

bool has_hexadecimal(std::string_view stem) {
  size_t length = 0;
  bool letter = false, digit = false;
  for (const char byte : stem) {
    const bool is_letter = byte >= 'a' && byte <= 'f';
    if (!is_letter && !is_digit(byte)) {
      length = 0;
      letter = digit = false;
      continue;
    }
    ++length;
    letter = letter || is_letter;
    digit = digit || !is_letter;
    if (length >= kHashLength && letter && digit) return true;
  }
  return false;
}

bool has_hash(std::string_view stem) {
  const size_t mark = stem.find_first_of(".-");
  return mark != stem.npos && stem.size() - mark - 1 >= kHashLength;
}

bool has_place(const std::string& fields, char place) { return fields.find(place) != fields.npos; }

// src/files/etag.ts, `auto`. False: it takes more than this thread has time for. `content`: the file's bytes, which are read
// where they are needed.
bool read_tag(const FileTemplate& from, const File& file, Ref<Memory>& content, Validators& validators) {
  const FileStat& stat = file.stat();
  if (stat.mtime % kSecond == 0 && stat.size <= from.hashed) {
    if (stat.size > kHashedHere) return false;
    if (!content) {
      std::optional<std::string> bytes = file.content_now(monotonic_ms());
      if (!bytes) return false;
      content = Ref<Memory>(new HeapBytes(std::move(*bytes)));
    }
    validators.etag = content_tag(content_hash({content->data(), content->size()}));
    return !validators.etag.empty();
  }
  validators.etag = "\"";
  append_number(validators.etag, stat.size, 16);
  validators.etag += '-';
  append_number(validators.etag, static_cast<uint64_t>(stat.mtime), 16);
  if (stat.mtime % kSecond == 0) {
    validators.etag += '-';
    append_number(validators.etag, static_cast<uint64_t>(stat.ctime), 16);
  }
  validators.etag += '"';
  return true;
}

/** False: it does not tell. */
bool read_validators(const FileTemplate& from, const File& file, int64_t now, Ref<Memory>& content,
                     Validators& validators) {
  const int64_t mtime = file.stat().mtime;
  if (mtime <= kSecond || mtime > now) return false;
  validators.second = mtime / kSecond;
  validators.modified.update(validators.second);
  return !has_place(from.fields, FileTemplate::kEtag) || read_tag(from, file, content, validators);
}

std::string with(const std::string& fields, const Validators& validators, size_t room) {
  std::string text;
  text.reserve(fields.size() + validators.etag.size() + validators.modified.text().size() + room);
  for (size_t at = 0; at < fields.size();) {
    const char* const places = "\x01\x02";
    const size_t place = std::min(fields.find_first_of(places, at), fields.size());
    text.append(fields, at, place - at);
    if (place < fields.size()) {
      text.append(fields[place] == FileTemplate::kEtag ? std::string_view(validators.etag) : validators.modified.text());
    }
    at = place + 1;
  }
  return text;
}

enum class Verdict : uint8_t { proceed, not_modified, unsure };

// One entity-tag alone, compared weakly (RFC 9110 §13.1.2, §8.8.3.2). Lists and `*` are TypeScript's.
Verdict match_tag(std::string_view value, std::string_view etag) {
  if (value.substr(0, 2) == "W/") value.remove_prefix(2);
  if (value.size() < 2 || value.front() != '"' || value.find('"', 1) != value.size() - 1) return Verdict::unsure;
  return value == etag ? Verdict::not_modified : Verdict::proceed;
}

// RFC 9110 §13.2.2: the date only where there is no tag.
Verdict judge(const FileTemplate& from, const RequestHead& request, const Validators& validators) {
  if (request.present & bit(kIfNoneMatch)) {
    return has_place(from.fields, FileTemplate::kEtag) ? match_tag(request.fields[kIfNoneMatch], validators.etag)
                                                       : Verdict::unsure;
  }
  if (!(request.present & bit(kIfModifiedSince))) return Verdict::proceed;
  if (!has_place(from.fields, FileTemplate::kLastModified)) return Verdict::proceed;
  const std::string_view value = request.fields[kIfModifiedSince];
  if (value == validators.modified.text()) return Verdict::not_modified;
  time_t since;
  if (!HttpDate::read(value, since)) return Verdict::unsure;
  return validators.second > since ? Verdict::proceed : Verdict::not_modified;
}

const FileTemplate::Step& step_of(const FileTemplate& from, uint64_t size) {
  const auto beyond = std::find_if(from.steps.begin() + 1, from.steps.end(),
                                   [size](const FileTemplate::Step& step) { return step.from > size; });
  return *(beyond - 1);
}

Ref<Reply> not_modified_of(const FileTemplate& from, const Validators& validators) {
  auto reply = make_ref<Reply>();
  reply->status = 304;
  reply->fields = with(from.not_modified, validators, 0);
  return reply;
}

// Its source is still to be given.
Ref<Reply> whole_of(const FileTemplate& from, const Validators& validators, const FileTemplate::Step& step, uint64_t size) {
  auto reply = make_ref<Reply>();
  reply->status = 200;
  reply->fields = with(from.fields, validators, kLengthLine + step.fields.size());
  reply->fields.append("Content-Length: ");
  append_number(reply->fields, size);
  reply->fields.append("\r\n").append(step.fields);
  reply->way = step.way;
  reply->reason = step.reason;
  reply->span = {0, size};
  return reply;
}

}  // namespace

bool is_plain_stem(std::string_view stem, Doubtful doubtful) {
  switch (doubtful) {
    case Doubtful::none:
      return true;
    case Doubtful::hexadecimal:
      return !has_hexadecimal(stem);
    case Doubtful::hash:
      return !has_hexadecimal(stem) && !has_hash(stem);
  }
  return false;
}

bool takes(const FileTemplate& from, const RequestHead& request) {
  if ((request.repeated & from.judged) != 0) return false;
  return (request.present & from.judged & ~(bit(kIfNoneMatch) | bit(kIfModifiedSince))) == 0;
}

Ref<const Reply> fill(const FileTemplate& from, const Ref<File>& file, const RequestHead& request, int64_t now) {
  Validators validators;
  Ref<Memory> content;
  if (!read_validators(from, *file, now, content, validators)) return {};
  switch (judge(from, request, validators)) {
    case Verdict::unsure:
      return {};
    case Verdict::not_modified:
      return not_modified_of(from, validators);
    case Verdict::proceed:
      break;
  }
  const uint64_t size = file->stat().size;
  const FileTemplate::Step& step = step_of(from, size);
  Ref<Reply> reply = whole_of(from, validators, step, size);
  // What was read for the tag are the bytes that it names.
  if (step.way == Way::read && content) reply->memory = std::move(content);
  else reply->file = file;
  return reply;
}

Ref<const FileAnswers> prepare(const FileTemplate& from, const File& file, Ref<Memory> bytes, int64_t now) {
  auto answers = make_ref<FileAnswers>();
  if (!read_validators(from, file, now, bytes, answers->validators)) return {};
  Ref<Reply> whole = whole_of(from, answers->validators, from.cached, file.stat().size);
  whole->memory = std::move(bytes);
  answers->whole = std::move(whole);
  answers->not_modified = not_modified_of(from, answers->validators);
  return answers;
}

Ref<const Reply> choose(const FileTemplate& from, const FileAnswers& answers, const RequestHead& request) {
  switch (judge(from, request, answers.validators)) {
    case Verdict::unsure:
      return {};
    case Verdict::not_modified:
      return answers.not_modified;
    case Verdict::proceed:
      return answers.whole;
  }
  return {};
}

}  // namespace zc
