// Conversions between Node-API values and C++ ones: check, convert, nothing else.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errno_name.h"
#include "files/root.h"
#include "base/ref.h"

namespace zc::js {

/** Per environment (main thread, worker): the constructors of the wrapped handles. */
struct Handles {
  napi_ref root = nullptr, file = nullptr, memory = nullptr, arena = nullptr, engine = nullptr;
  napi_ref names = nullptr, lines = nullptr;
};
Handles& handles(napi_env env);

/** Throws an Error with `code` = the errno's name, as Node's own do. Returns null for `return throw_errno(…)`. */
napi_value throw_errno(napi_env env, int error, const char* call, const std::string& subject);
napi_value throw_type(napi_env env, const char* message);

napi_value text(napi_env env, std::string_view latin1);
napi_value utf8(napi_env env, std::string_view bytes);
napi_value number(napi_env env, double value);
napi_value boolean(napi_env env, bool value);
napi_value undefined(napi_env env);
std::string to_text(napi_env env, napi_value value);   // one byte a code unit
std::string to_utf8(napi_env env, napi_value value);
double to_number(napi_env env, napi_value value);      // 0 when it is none
/** A count of bytes, ms or things; 0 for whatever is none. */
uint64_t to_count(napi_env env, napi_value value);
bool to_boolean(napi_env env, napi_value value);       // false when it is none
bool to_symlinks(napi_env env, napi_value value, Symlinks& out);  // false when it is none
bool is_type(napi_env env, napi_value value, napi_valuetype type);
napi_value get(napi_env env, napi_value object, const char* name);
void set(napi_env env, napi_value object, const char* name, napi_value value);
napi_value element(napi_env env, napi_value array, uint32_t index);
uint32_t length(napi_env env, napi_value array);

struct Arguments {
  static constexpr size_t kMax = 9;
  napi_value self = nullptr;
  napi_value values[kMax] = {};
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = kMax;
    napi_get_cb_info(env, info, &count, values, &self, nullptr);
  }
  napi_value operator[](size_t index) const { return values[index]; }
};

/** A JavaScript object that owns one reference, until release()/close() or the collector. */
template <class T>
napi_value wrap(napi_env env, napi_ref constructor, Ref<T> value) {
  napi_value function, object;
  napi_get_reference_value(env, constructor, &function);
  if (napi_new_instance(env, function, 0, nullptr, &object) != napi_ok) return nullptr;
  auto* held = new Ref<T>(std::move(value));
  napi_wrap(
      env, object, held, [](napi_env, void* data, void*) { delete static_cast<Ref<T>*>(data); }, nullptr, nullptr);
  return object;
}

/** The reference in a wrapped object made by the same constructor; null when it is released or something else. */
template <class T>
Ref<T> unwrap(napi_env env, napi_ref constructor, napi_value object) {
  napi_value function;
  bool same = false;
  void* held = nullptr;
  napi_get_reference_value(env, constructor, &function);
  if (!object || napi_instanceof(env, object, function, &same) != napi_ok || !same) return {};
  if (napi_unwrap(env, object, &held) != napi_ok || !held) return {};
  return *static_cast<Ref<T>*>(held);
}

template <class T>
void drop(napi_env env, napi_value object) {
  void* held = nullptr;
  if (napi_unwrap(env, object, &held) == napi_ok && held) *static_cast<Ref<T>*>(held) = {};
}

/** Runs `work` in libuv's pool, then resolves a promise with `resolve`'s value on the JavaScript thread. */
napi_value run_async(napi_env env, const char* name, std::function<void()> work,
                     std::function<napi_value(napi_env)> resolve);

/** The same in steps, for long work: after each the pool does what else is queued; `step` says whether there are more. */
napi_value run_async_steps(napi_env env, const char* name, std::function<bool()> step,
                           std::function<napi_value(napi_env)> resolve);

/** Defines a class whose instances only native code can fill. */
napi_ref define_handle(napi_env env, const char* name, std::vector<napi_property_descriptor> properties);
napi_property_descriptor method(const char* name, napi_callback callback);
napi_property_descriptor getter(const char* name, napi_callback callback);

void export_function(napi_env env, napi_value exports, const char* name, napi_callback callback);

/** directory.cc: `readDirectory` and `createBytes`. */
void define_directory(napi_env env, napi_value exports);

/** templates.cc: `readNames`. */
void define_names(napi_env env, napi_value exports);

/** engine.cc: the Engine class and `createEngine`. */
void define_engine(napi_env env, napi_value exports);

/** lines.cc: `createLineWriter`. */
void define_lines(napi_env env, napi_value exports);

/** page_cache.cc: `residentBytes` and `warm`. */
void define_page_cache(napi_env env, napi_value exports);

/** send.cc: `sendNow`. */
void define_send(napi_env env, napi_value exports);

/** listeners.cc: `listen`, `listenAt`, `adopt`. */
void define_listeners(napi_env env, napi_value exports);

/** exit.cc: `exitWithin`. */
void define_exit(napi_env env, napi_value exports);

/** process.cc: who the process is, and what it may reach. */
void define_process(napi_env env, napi_value exports);

/** layout.cc: `layout`. */
void define_layout(napi_env env, napi_value exports);

}  // namespace zc::js
