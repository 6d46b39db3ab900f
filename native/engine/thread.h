// One engine thread: its epoll, and what it hands on to whom. No lock on the way of a hot request.
#pragma once
#include <sys/epoll.h>

#include "engine/acceptor.h"
#include "engine/reception.h"
#include "engine/service.h"

namespace zc {

class EngineThread : public RefCounted {
 public:
  EngineThread(uint32_t number, Ref<EngineShared> shared);

  void post(Command command) { inbox_->mailbox.post(std::move(command)); }
  void post_all(std::vector<Command>& commands) { inbox_->mailbox.post_all(commands); }
  const Ref<Inbox>& inbox() const { return inbox_; }
  const Counters& counters() const { return service_.counters(); }
  /** Returns 0, or the errno of what the system has no room for: a descriptor, or the thread. It ends by itself. */
  int start();

 private:
  void run();
  int wait_time() const;
  void on_event(const epoll_event& event);
  void on_command(Command& command);
  void listen(UniqueFd listener, Ref<const Entrance> entrance);
  void accept_clients(Acceptor& from);
  void reply(uint64_t id, Ref<Reply> value);
  void receive(const Command& command);
  void watch(uint64_t id);
  template <class Change>
  void feed(uint64_t id, Change change);
  void begin_transfer(Command& command);
  void begin_retire(int64_t grace);
  void begin_stop(int64_t grace);

  const Ref<EngineShared> shared_;
  const Ref<Inbox> inbox_;
  const UniqueFd epoll_;
  EngineService service_;
  Reception reception_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;  // by their tags
  std::vector<Command> commands_;
  bool silent_stop_ = false;
  int64_t retire_deadline_ = 0, stop_deadline_ = 0;  // ms
};

}  // namespace zc
