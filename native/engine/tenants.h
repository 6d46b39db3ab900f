// What the sites of one thread have in common.
#pragma once
#include "engine/admission.h"
#include "engine/kept_files.h"
#include "engine/record.h"
#include "engine/setup.h"

namespace zc {

struct Tenants {
  Tenants(const EngineSetup& setup, Records& records, Counters& counters)
      : setup(setup), records(records), room(setup.keeping, counters) {}

  const EngineSetup& setup;
  Records& records;
  Admission admission;
  KeptRoom room;
};

}  // namespace zc
