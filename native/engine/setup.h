// How an engine is set up.
#pragma once
#include <unordered_map>
#include <vector>

#include "files/arena.h"
#include "files/root.h"
#include "http/service.h"
#include "net/host_names.h"
#include "net/network.h"
#include "net/request_rates.h"

namespace zc {

/** Which files an engine thread keeps in memory by itself. */
struct Keeping {
  Ref<Arena> arena;    // null: none
  uint64_t files = 0;  // at most
  uint64_t bytes = 0;  // of all of them
  uint32_t uses = 0;   // of a file, the last of which keeps it
};

/** One of the sites that an engine answers for. */
struct SiteSetup {
  Ref<Root> root;  // the first one
  Symlinks symlinks = Symlinks::inside;
  int64_t revalidate = 0;  // ms
  bool downloads = false;  // a query that asks for a download has an answer of its own
  bool live = false;       // and one that asks to be told of what a file grows by
};

/** Fixed for the life of an engine. */
struct EngineSetup {
  std::vector<SiteSetup> sites;  // the first is for all names that are no other's
  HostNames hosts;               // whose numbers are places in `sites`
  ConnectionLimits limits;
  uint64_t max_connections = 0;  // of the engine; its threads see their share
  uint64_t max_of_client = 0;    // connections of one address, on all threads; 0: any number
  RequestRate rate_of_client;
  Networks allowed, denied;      // clients in these, if there are any, and not in those
  bool h2c = false;              // HTTP/2 beside HTTP/1 where there is no TLS
  Keeping keeping;
  /** status → prepared answer, for what the engine refuses by itself. */
  std::unordered_map<int, Ref<Reply>> errors;
};

}  // namespace zc
