// The access log as JavaScript sets it up.
#pragma once
#include "addon/values.h"
#include "base/line_writer.h"
#include "http/access_format.h"

namespace zc::js {

/** Of a NativeLineWriter; null: it is none. */
Ref<LineWriter> read_line_writer(napi_env env, napi_value object);

/** Of an AccessFormat; null: it is none. */
Ref<const LogFormat> read_log_format(napi_env env, napi_value object);

}  // namespace zc::js
