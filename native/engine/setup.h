// What the threads of an engine have in common.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "engine/record.h"
#include "files/pager.h"
#include "files/root.h"
#include "http/service.h"

namespace zc {

/** Fixed for the life of an engine. */
struct EngineSetup {
  Ref<Root> root;  // the first one
  Symlinks symlinks = Symlinks::inside;
  ConnectionLimits limits;
  uint64_t max_connections = 0;  // of the engine; its threads see their share
  int64_t revalidate = 0;        // ms
  bool h2c = false;              // HTTP/2 beside HTTP/1 where there is no TLS
  /** status → prepared answer, for what the engine refuses by itself. */
  std::unordered_map<int, Ref<Reply>> errors;
};

/** It lives as long as the last of the threads: one may hang when the engine ends. */
struct EngineShared : RefCounted {
  EngineShared(EngineSetup setup, std::function<void()> wake)
      : setup(std::move(setup)), outbox(std::move(wake)), pager(make_ref<Pager>()) {}

  /** Waits for the threads that run, but not for ever. */
  void await_end(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex);
    ended.wait_for(lock, patience, [this] { return running == 0; });
  }

  EngineSetup setup;  // fixed once they listen
  Outbox outbox;
  const Ref<Pager> pager;
  std::mutex mutex;
  std::condition_variable ended;
  size_t running = 0;
};

}  // namespace zc
