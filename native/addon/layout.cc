// Everything that both sides know by number, for src/addon/wire.ts to compare when it has loaded the addon.
#include "addon/layout.h"

#include "addon/records.h"
#include "engine/counters.h"
#include "engine/handshake.h"
#include "files/open.h"
#include "http/access_format.h"
#include "http/exchange.h"
#include "http/limits.h"

namespace zc::js {
namespace {

template <class Names>
napi_value list(napi_env env, const Names& names) {
  napi_value array;
  napi_create_array(env, &array);
  uint32_t at = 0;
  for (const auto& name : names) napi_set_element(env, array, at++, text(env, name));
  return array;
}

napi_value list(napi_env env, const uint64_t* values, size_t count) {
  napi_value array;
  napi_create_array(env, &array);
  for (uint32_t at = 0; at < count; ++at) napi_set_element(env, array, at, number(env, static_cast<double>(values[at])));
  return array;
}

napi_value layout(napi_env env, napi_callback_info) {
  napi_value object;
  napi_create_object(env, &object);
  const auto names = [&](const char* key, const auto& list_of) { set(env, object, key, list(env, list_of)); };
  names("fields", kFieldNames);
  names("records", Record::kNames);
  names("recordValues", kRecordValues);
  names("ways", kWayNames);
  names("reasons", kReasonNames);
  names("ends", kEndNames);
  names("received", kReceivedNames);
  names("faults", kFaultNames);
  names("logValues", kLogValueNames);
  names("unproxied", kUnproxiedNames);
  names("counters", Counters::kNames);
  names("protocols", kProtocolNames);
  names("opened", kOpenedNames);
  set(env, object, "durationBounds", list(env, kDurationBounds, std::size(kDurationBounds)));
  set(env, object, "sizeBounds", list(env, kSizeBounds, std::size(kSizeBounds)));
  const auto value = [&](const char* key, double number_of) { set(env, object, key, number(env, number_of)); };
  value("wayShift", kWayShift);
  value("reasonShift", kReasonShift);
  value("closeShift", kCloseShift);
  value("statusShift", kStatusShift);
  value("liveShift", kLiveShift);
  value("maxFields", ParseLimits{}.max_fields);
  value("plainHttp", Handshake::kPlainHttp);
  value("firstStatus", kFirstStatus);
  value("statuses", kStatuses);
  return object;
}

}  // namespace

void define_layout(napi_env env, napi_value exports) {
  export_function(env, exports, "layout", layout);
}

}  // namespace zc::js
