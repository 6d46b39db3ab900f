#include "addon/records.h"

namespace zc::js {
namespace {

/** What is asked of whom has sent it, bytes; -1 where their number is not known. */
double length_of(const Content& content) {
  return content.length == Content::kUnknown ? -1 : static_cast<double>(content.length);
}

napi_value buffer(napi_env env, const std::string& bytes) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  return value;
}

/** File names come from JavaScript as UTF-8; all other text is bytes of a request. */
bool names_file(Record::Kind kind) { return kind == Record::file_fault || kind == Record::refused; }

/** Content that has come. */
napi_value content_of(napi_env env, const Record& record, napi_value nothing) {
  const Content& asked = record.asked.content;
  if (record.kind == Record::request) return asked.is_here ? buffer(env, asked.bytes) : nothing;
  const bool is_whole = record.kind == Record::received && record.code == static_cast<uint32_t>(Received::whole);
  return is_whole ? buffer(env, record.text) : nothing;
}

}  // namespace

napi_value to_batch(napi_env env, const std::vector<Record>& records) {
  size_t values = 0;
  for (const Record& record : records) values += std::size(kRecordValues) + 2 * record.asked.fields.size();
  napi_value batch;
  napi_create_array_with_length(env, values, &batch);
  const napi_value nothing = undefined(env);
  uint32_t at = 0;
  const auto push = [&](napi_value value) { napi_set_element(env, batch, at++, value); };
  for (const Record& record : records) {
    const bool asks = record.kind == Record::request;
    push(number(env, record.kind));
    push(number(env, record.id));
    push(number(env, record.code));
    push(number(env, record.site));
    push(record.error == 0 ? nothing : text(env, errno_name(record.error)));
    push(number(env, asks ? length_of(record.asked.content) : record.bytes));
    push(text(env, record.asked.method));
    push(names_file(record.kind)              ? utf8(env, record.text)
         : record.kind == Record::received ? nothing
                                           : text(env, asks ? record.asked.target : record.text));
    push(content_of(env, record, nothing));
    push(number(env, static_cast<double>(record.asked.fields.size())));
    for (const auto& [field, value] : record.asked.fields) {
      push(number(env, field));
      push(text(env, value));
    }
  }
  return batch;
}

}  // namespace zc::js
