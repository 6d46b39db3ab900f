#include "addon/records.h"

namespace zc::js {
namespace {

/** File names come from JavaScript as UTF-8; all other text is bytes of a request. */
bool names_file(Record::Kind kind) { return kind == Record::file_fault || kind == Record::refused; }

}  // namespace

napi_value to_batch(napi_env env, const std::vector<Record>& records) {
  size_t values = 0;
  for (const Record& record : records) values += std::size(kRecordValues) + 2 * record.asked.fields.size();
  napi_value batch;
  napi_create_array_with_length(env, values, &batch);
  uint32_t at = 0;
  const auto push = [&](napi_value value) { napi_set_element(env, batch, at++, value); };
  for (const Record& record : records) {
    const bool asks = record.kind == Record::request;
    push(number(env, record.kind));
    push(number(env, record.id));
    push(number(env, record.code));
    push(number(env, record.site));
    push(record.error == 0 ? undefined(env) : text(env, errno_name(record.error)));
    push(number(env, record.bytes));
    push(text(env, record.asked.method));
    push(names_file(record.kind) ? utf8(env, record.text) : text(env, asks ? record.asked.target : record.text));
    push(number(env, static_cast<double>(record.asked.fields.size())));
    for (const auto& [field, value] : record.asked.fields) {
      push(number(env, field));
      push(text(env, value));
    }
  }
  return batch;
}

}  // namespace zc::js
