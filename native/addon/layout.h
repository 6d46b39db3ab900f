// Where the parts of a reply's flags stand (src/addon/wire.ts has them too, and compares).
#pragma once

namespace zc::js {

constexpr unsigned kWayShift = 0, kReasonShift = 4, kCloseShift = 8, kStatusShift = 9, kLiveShift = 19;
constexpr unsigned kEnumMask = 15, kStatusMask = 1023;

}  // namespace zc::js
