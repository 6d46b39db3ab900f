// How an engine is set up, as JavaScript gives it (src/addon/engine.ts).
#pragma once
#include "addon/values.h"
#include "engine/setup.h"
#include "net/tls_context.h"

namespace zc::js {

/** Of createEngine's arguments. False: one of them is not what it should be. */
bool read_setup(napi_env env, const Arguments& args, EngineSetup& setup);

/** Of an EngineTls. */
TlsSetup read_tls(napi_env env, napi_value from);

}  // namespace zc::js
