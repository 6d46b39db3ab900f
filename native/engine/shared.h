// What the threads of an engine have in common.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/command.h"
#include "engine/record.h"
#include "engine/setup.h"
#include "files/pager.h"
#include "net/presence.h"

namespace zc {

/** It lives as long as the last of the threads: one may hang when the engine ends. */
struct EngineShared : RefCounted {
  EngineShared(EngineSetup setup, std::function<void()> wake)
      : setup(std::move(setup)), outbox(std::move(wake)), pager(make_ref<Pager>()) {
    const RequestRate& rate = this->setup.rate_of_client;
    if (rate.requests > 0) rates = std::make_unique<RequestRates>(rate);
  }

  /** Waits for the threads that run, but not for ever. */
  void await_end(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex);
    ended.wait_for(lock, patience, [this] { return running == 0; });
  }

  EngineSetup setup;  // fixed once they listen
  std::vector<Ref<Inbox>> inboxes;  // the same; of all threads
  Presences presences;
  std::unique_ptr<RequestRates> rates;  // null: no limit
  Outbox outbox;
  const Ref<Pager> pager;
  std::mutex mutex;
  std::condition_variable ended;
  size_t running = 0;
};

}  // namespace zc
