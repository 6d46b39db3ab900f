// What a client may ask for, and how long it may take. Fixed for the life of an engine.
#pragma once
#include <cstdint>

#include "http/fields.h"
#include "http/pace.h"

namespace zc {

/** ms for a client that still sends to notice that we have closed: in all, and where nothing comes (nginx's defaults). */
constexpr int64_t kLingerTime = 30'000, kLingerPause = 5000;
/** The same in all, once the server ends. */
constexpr int64_t kFarewellLinger = 2000;
/** Bytes of its that are dropped: there are clients that read no answer before all is sent. And of one turn. */
constexpr uint64_t kLingerBytes = 64 << 20, kLingerTurn = 128 << 10;

struct ParseLimits {
  uint32_t max_head = 16384;   // bytes, including the empty line
  uint32_t max_target = 8192;  // bytes
  uint32_t max_fields = 100;   // field lines
};

struct ConnectionLimits {
  ParseLimits parse;
  int64_t header_timeout = 0, keep_alive_timeout = 0, send_timeout = 0;  // ms
  uint64_t keep_alive_requests = 0;  // of one connection; 0: any number
  int64_t keep_alive_life = 0;       // ms, after which an answer is the last of its connection; 0: any time
  Pace pace;
  uint64_t max_drain = 0;          // bytes of a request body
  uint64_t send_chunk = 2 << 20;   // bytes of one turn (nginx: sendfile_max_chunk)
  uint64_t sendfile_min = 0;       // bytes of a file's piece in a feed: shorter ones are read
  bool verify_sendfile = false;    // see BodySource, holds_last
  FieldSet planned = 0;            // bits of the fields that the plan reads
  bool server_timing = false;      // each answer says what its connection speaks
  bool judges_clients = false;     // who asks, and how often: see Service::judge
};

}  // namespace zc
