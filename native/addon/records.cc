#include "addon/records.h"

namespace zc::js {
namespace {

/** File names come from JavaScript as UTF-8; all other text is bytes of a request. */
bool names_file(Record::Kind kind) { return kind == Record::file_fault || kind == Record::refused; }

napi_value buffer(napi_env env, const std::string& bytes) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  return value;
}

napi_value content_of(napi_env env, const Content& content) {
  if (content.is_here) return buffer(env, content.bytes);
  return number(env, content.length == Content::kUnknown ? -1 : static_cast<double>(content.length));
}

napi_value bytes_of(napi_env env, const Record& record) {
  if (record.kind == Record::request) return content_of(env, record.asked.content);
  const bool is_whole = record.kind == Record::received && record.code == static_cast<uint32_t>(Received::whole);
  return is_whole ? buffer(env, record.text) : number(env, record.bytes);
}

napi_value text_of(napi_env env, const Record& record) {
  if (record.kind == Record::request) return text(env, record.asked.target);
  // Content is no text.
  if (record.kind == Record::received) return text(env, "");
  return names_file(record.kind) ? utf8(env, record.text) : text(env, record.text);
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
    push(number(env, record.kind));
    push(number(env, record.id));
    push(number(env, record.code));
    push(number(env, record.site));
    push(record.error == 0 ? nothing : text(env, errno_name(record.error)));
    push(bytes_of(env, record));
    push(text(env, record.asked.method));
    push(text_of(env, record));
    push(number(env, static_cast<double>(record.asked.fields.size())));
    for (const auto& [field, value] : record.asked.fields) {
      push(number(env, field));
      push(text(env, value));
    }
  }
  return batch;
}

}  // namespace zc::js
