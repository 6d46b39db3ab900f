// What is known of directories and their files, as JavaScript tells it.
#pragma once
#include "addon/values.h"
#include "http/directory.h"
#include "http/file_template.h"

namespace zc::js {

/** Of the values of NativeEngine.putDirectory. */
Ref<Directory> read_directory(napi_env env, const napi_value* values);

/** Of an EngineTemplate; null: it is none. */
Ref<FileTemplate> read_template(napi_env env, napi_value object);

}  // namespace zc::js
