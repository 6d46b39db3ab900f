#include "addon/values.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace zc::js {
namespace {

struct Job {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  const char* name = nullptr;
  std::function<bool()> step;
  std::function<napi_value(napi_env)> resolve;
  bool again = false;
};

using GetString = decltype(&napi_get_value_string_utf8);

std::string read_string(napi_env env, napi_value value, GetString get) {
  size_t size = 0;
  if (get(env, value, nullptr, 0, &size) != napi_ok) return {};
  std::string result(size, '\0');
  get(env, value, result.data(), size + 1, &size);
  return result;
}

}  // namespace

napi_value throw_errno(napi_env env, int error, const char* call, const std::string& subject) {
  const std::string message = std::string(errno_name(error)) + ": " + strerror(error) + ", " + call + " '" + subject + "'";
  napi_throw_error(env, errno_name(error), message.c_str());
  return nullptr;
}

napi_value throw_type(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

napi_value text(napi_env env, std::string_view latin1) {
  napi_value value = nullptr;
  napi_create_string_latin1(env, latin1.data(), latin1.size(), &value);
  return value;
}

napi_value utf8(napi_env env, std::string_view bytes) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, bytes.data(), bytes.size(), &value);
  return value;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result = nullptr;
  napi_get_undefined(env, &result);
  return result;
}

std::string to_text(napi_env env, napi_value value) {
  // Most texts are short: one call instead of two.
  char small[1024];
  size_t size = 0;
  if (napi_get_value_string_latin1(env, value, small, sizeof small, &size) != napi_ok) return {};
  if (size + 1 < sizeof small) return std::string(small, size);
  return read_string(env, value, napi_get_value_string_latin1);
}

std::string to_utf8(napi_env env, napi_value value) { return read_string(env, value, napi_get_value_string_utf8); }

double to_number(napi_env env, napi_value value) {
  double result = 0;
  napi_get_value_double(env, value, &result);
  return result;
}

uint64_t to_count(napi_env env, napi_value value) {
  const double n = to_number(env, value);
  return n > 0 ? static_cast<uint64_t>(n) : 0;
}

bool to_boolean(napi_env env, napi_value value) {
  bool result = false;
  napi_get_value_bool(env, value, &result);
  return result;
}

bool is_type(napi_env env, napi_value value, napi_valuetype type) {
  napi_valuetype actual;
  return value && napi_typeof(env, value, &actual) == napi_ok && actual == type;
}

bool to_symlinks(napi_env env, napi_value value, Symlinks& out) {
  const std::string name = to_text(env, value);
  if (name == "inside") out = Symlinks::inside;
  else if (name == "none") out = Symlinks::none;
  else if (name == "follow") out = Symlinks::follow;
  else return false;
  return true;
}

napi_value get(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  napi_get_named_property(env, object, name, &value);
  return value;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value value = nullptr;
  napi_get_element(env, array, index, &value);
  return value;
}

uint32_t length(napi_env env, napi_value array) {
  uint32_t count = 0;
  napi_get_array_length(env, array, &count);
  return count;
}

namespace {

/** Where the pool does not take it, the promise is rejected. */
void queue(napi_env env, std::unique_ptr<Job> job) {
  const napi_status made = napi_create_async_work(
      env, nullptr, text(env, job->name),
      [](napi_env, void* data) {
        auto* job = static_cast<Job*>(data);
        job->again = job->step();
      },
      [](napi_env env, napi_status status, void* data) {
        std::unique_ptr<Job> job(static_cast<Job*>(data));
        napi_delete_async_work(env, std::exchange(job->work, nullptr));
        // Cancelled: the environment is going away, nobody waits any more.
        if (status != napi_ok) return;
        if (job->again) queue(env, std::move(job));
        else napi_resolve_deferred(env, job->deferred, job->resolve(env));
      },
      job.get(), &job->work);
  if (made == napi_ok && napi_queue_async_work(env, job->work) == napi_ok) {
    job.release();
    return;
  }
  if (job->work) napi_delete_async_work(env, job->work);
  napi_value error;
  throw_errno(env, EAGAIN, job->name, "pool");
  napi_get_and_clear_last_exception(env, &error);
  napi_reject_deferred(env, job->deferred, error);
}

}  // namespace

napi_value run_async_steps(napi_env env, const char* name, std::function<bool()> step,
                           std::function<napi_value(napi_env)> resolve) {
  napi_value promise = nullptr;
  auto job = std::make_unique<Job>();
  job->name = name;
  job->step = std::move(step);
  job->resolve = std::move(resolve);
  napi_create_promise(env, &job->deferred, &promise);
  queue(env, std::move(job));
  return promise;
}

napi_value run_async(napi_env env, const char* name, std::function<void()> work,
                     std::function<napi_value(napi_env)> resolve) {
  const auto once = [work = std::move(work)] {
    work();
    return false;
  };
  return run_async_steps(env, name, once, std::move(resolve));
}

void export_function(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  set(env, exports, name, function);
}

napi_ref define_handle(napi_env env, const char* name, std::vector<napi_property_descriptor> properties) {
  napi_value constructor;
  napi_ref ref = nullptr;
  const auto construct = [](napi_env env, napi_callback_info info) -> napi_value { return Arguments(env, info).self; };
  napi_define_class(env, name, NAPI_AUTO_LENGTH, construct, nullptr, properties.size(), properties.data(),
                    &constructor);
  napi_create_reference(env, constructor, 1, &ref);
  return ref;
}

napi_property_descriptor method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

napi_property_descriptor getter(const char* name, napi_callback callback) {
  return {name, nullptr, nullptr, callback, nullptr, nullptr, napi_enumerable, nullptr};
}

}  // namespace zc::js
