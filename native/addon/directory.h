// Bytes that JavaScript filled once and many replies share (src/addon/types.ts createBytes).
#pragma once
#include <node_api.h>

#include "files/memory.h"

namespace zc::js {

/** The memory of an ArrayBuffer that createBytes made; null for any other. */
Ref<Memory> shared_bytes(napi_env env, napi_value array_buffer);

}  // namespace zc::js
