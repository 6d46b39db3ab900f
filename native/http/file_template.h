// The answer of any file of a directory and extension that was asked for plainly: what src/plan/template.ts has planned,
// with places for what only the open file tells.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "http/date.h"
#include "http/reply.h"
#include "http/request.h"

namespace zc {

/** Which names could be a hash of their content, and get other fields then: TypeScript judges them. */
enum class Doubtful : uint8_t {
  none,
  hexadecimal,  // with eight hexadecimal digits in a row, letters and numerals among them
  hash,         // these, and with eight characters behind a dot or hyphen
};

struct FileTemplate : RefCounted {
  // In the place of values. No field value holds a control byte (RFC 9110 §5.5).
  static constexpr char kEtag = '\x01';
  static constexpr char kLastModified = '\x02';

  /** How the body leaves from this size on, and the fields that follow Content-Length then. */
  struct Step {
    uint64_t from;
    Way way;
    Reason reason;
    std::string fields;
  };

  /** "Name: value" CRLF, for each; of the 200 without Content-Length and what follows it, and of the 304. */
  std::string fields, not_modified;
  std::vector<Step> steps;  // the first from 0, then ascending
  /** Of a file in memory; `from` means nothing. */
  Step cached;
  uint64_t cached_max = 0;  // bytes of the largest file that may be; 0: none
  /** What may stand behind the name of another form of the file: where one does, it is TypeScript's. */
  std::vector<std::string> siblings;
  /** Where the time is in whole seconds, the tag of a file of at most so many bytes is of its content. */
  uint64_t hashed = 0;
  FieldSet judged = 0;  // fields with a say: with any of them, but for If-None-Match and If-Modified-Since, it is TypeScript's
  Doubtful doubtful = Doubtful::none;
};

/** Is this name, without its extension, surely no hash? */
bool is_plain_stem(std::string_view stem, Doubtful doubtful);

/** Does the template answer such a request at all? */
bool takes(const FileTemplate& from, const RequestHead& request);

/**
 * The 200 or 304 of an open file. Null where the answer is not the template's to give: the time is not to be told
 * (src/plan/fields.ts); the tag is of a content (src/files/etag.ts) that is large, or not in the page cache, or changes; the
 * condition is none of those that can be judged by comparing. `now`: ns since the epoch.
 */
Ref<const Reply> fill(const FileTemplate& from, const Ref<File>& file, const RequestHead& request, int64_t now);

/** What an open file tells. */
struct Validators {
  std::string etag;  // with its quotes; or empty
  time_t second = 0;
  HttpDate modified;  // the same
};

/** The answers of one version of a file that is in memory, each made once. Shared by threads. */
struct FileAnswers : RefCounted {
  Validators validators;
  Ref<const Reply> whole, not_modified;
};

/** Null as with `fill`. `bytes`: all of the file. */
Ref<const FileAnswers> prepare(const FileTemplate& from, const File& file, Ref<Memory> bytes, int64_t now);
/** Null where the condition is none of those that can be judged by comparing. */
Ref<const Reply> choose(const FileTemplate& from, const FileAnswers& answers, const RequestHead& request);

}  // namespace zc
