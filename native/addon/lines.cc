// The addon's LineWriter, and how a line of the access log is made.
#include "addon/lines.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace zc::js {
namespace {

// When the environment ends without a word, what was said a moment ago is yet written.
constexpr std::chrono::milliseconds kPatience{250};

void end_writer(void* data) {
  const Ref<LineWriter> writer = Ref<LineWriter>::adopt(static_cast<LineWriter*>(data));
  writer->end();
  writer->await_end(kPatience);
}

UniqueFd duplicate(napi_env env, napi_value fd) { return UniqueFd(fcntl(static_cast<int>(to_number(env, fd)), F_DUPFD_CLOEXEC, 0)); }

// createLineWriter(fd)
napi_value create_line_writer(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  UniqueFd to = duplicate(env, args[0]);
  if (!to) return throw_errno(env, errno, "fcntl", "log");
  const auto writer = make_ref<LineWriter>(std::move(to));
  if (const int error = writer->start()) return throw_errno(env, error, "createLineWriter", "thread");
  writer->retain();
  napi_add_env_cleanup_hook(env, end_writer, writer.get());
  return wrap(env, handles(env).lines, writer);
}

// write(text, lines)
napi_value lines_write(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<LineWriter> writer = read_line_writer(env, args.self);
  if (writer) writer->write(to_utf8(env, args[0]), to_count(env, args[1]));
  return undefined(env);
}

// reopen(fd)
napi_value lines_reopen(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<LineWriter> writer = read_line_writer(env, args.self);
  UniqueFd to = duplicate(env, args[0]);
  if (!to) return throw_errno(env, errno, "fcntl", "log");
  if (writer) writer->reopen(std::move(to));
  return undefined(env);
}

napi_value lines_end(napi_env env, napi_callback_info info) {
  const Ref<LineWriter> writer = read_line_writer(env, Arguments(env, info).self);
  if (!writer || !writer->end()) return undefined(env);
  napi_remove_env_cleanup_hook(env, end_writer, writer.get());
  writer->release();
  return undefined(env);
}

napi_value lines_ended(napi_env env, napi_callback_info info) {
  const Ref<LineWriter> writer = read_line_writer(env, Arguments(env, info).self);
  return boolean(env, !writer || writer->await_end({}));
}

napi_value lines_written(napi_env env, napi_callback_info info) {
  const Ref<LineWriter> writer = read_line_writer(env, Arguments(env, info).self);
  return number(env, writer ? static_cast<double>(writer->written()) : 0);
}

napi_value lines_lost(napi_env env, napi_callback_info info) {
  const Ref<LineWriter> writer = read_line_writer(env, Arguments(env, info).self);
  return number(env, writer ? static_cast<double>(writer->lost()) : 0);
}

napi_value lines_error(napi_env env, napi_callback_info info) {
  const Ref<LineWriter> writer = read_line_writer(env, Arguments(env, info).self);
  return text(env, writer && writer->error() != 0 ? errno_name(writer->error()) : "");
}

}  // namespace

Ref<LineWriter> read_line_writer(napi_env env, napi_value object) {
  return unwrap<LineWriter>(env, handles(env).lines, object);
}

Ref<const LogFormat> read_log_format(napi_env env, napi_value object) {
  auto format = make_ref<LogFormat>();
  const napi_value steps = get(env, object, "steps"), proxies = get(env, object, "proxies");
  for (uint32_t i = 0; i + 1 < length(env, steps); i += 2) {
    const std::string name = to_text(env, element(env, steps, i));
    const auto* const found = std::find(std::begin(kLogValueNames), std::end(kLogValueNames), name);
    if (found == std::end(kLogValueNames)) return {};
    LogStep step{static_cast<LogValue>(found - std::begin(kLogValueNames))};
    std::string with = to_utf8(env, element(env, steps, i + 1));
    if (step.value == LogValue::field) {
      step.field = with.empty() ? kFieldCount : find_field(with);
      if (step.field == kFieldCount) return {};
      format->fields |= bit(step.field);
    } else {
      step.text = std::move(with);
    }
    if (step.value == LogValue::id) format->fields |= bit(kXRequestId);
    if (step.value == LogValue::user) format->fields |= bit(kAuthorization);
    format->steps.push_back(std::move(step));
  }
  for (uint32_t i = 0; i < length(env, proxies); ++i) {
    if (!format->proxies.add(to_text(env, element(env, proxies, i)))) return {};
  }
  if (!format->proxies.empty()) format->fields |= bit(kXForwardedFor) | bit(kForwarded);
  format->json = to_boolean(env, get(env, object, "json"));
  format->id = to_text(env, get(env, object, "id"));
  return Ref<const LogFormat>(format);
}

void define_lines(napi_env env, napi_value exports) {
  handles(env).lines = define_handle(
      env, "LineWriter",
      {method("write", lines_write), method("reopen", lines_reopen), method("end", lines_end), getter("ended", lines_ended),
       getter("written", lines_written), getter("lost", lines_lost), getter("error", lines_error)});
  export_function(env, exports, "createLineWriter", create_line_writer);
}

}  // namespace zc::js
