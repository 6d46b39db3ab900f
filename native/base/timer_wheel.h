// Deadlines in slots of one tick. Moving a deadline later costs nothing: the timer is looked at when its old slot comes.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace zc {

/** Intrusive: lives in what it times. */
struct Timer {
  Timer* next = nullptr;
  Timer* previous = nullptr;
  int64_t deadline = 0;  // ms on the wheel's clock
  int64_t slot_time = 0;  // tick of the slot it waits in

  bool armed() const { return next != nullptr; }
};

class TimerWheel {
 public:
  static constexpr int64_t kTick = 128;  // ms; timeouts are accurate to one tick, never early

  explicit TimerWheel(int64_t now) : tick_(now / kTick) {
    for (Timer& head : slots_) head.next = head.previous = &head;
  }

  bool empty() const { return armed_ == 0; }

  void arm(Timer& timer, int64_t deadline) {
    timer.deadline = deadline;
    const int64_t slot = slot_of(deadline);
    if (timer.armed()) {
      if (slot >= timer.slot_time) return;
      disarm(timer);
    }
    insert(timer, slot);
  }

  void disarm(Timer& timer) {
    if (!timer.armed()) return;
    timer.next->previous = timer.previous;
    timer.previous->next = timer.next;
    timer.next = timer.previous = nullptr;
    --armed_;
  }

  /** Calls `expired(timer)` for each timer whose deadline is over; it is disarmed by then. */
  template <class Expired>
  void advance(int64_t now, Expired expired) {
    const int64_t target = now / kTick;
    // After a long sleep every slot is due; no need to go round twice.
    if (target - tick_ > static_cast<int64_t>(kSlots)) tick_ = target - kSlots;
    while (tick_ < target) {
      ++tick_;
      Timer& head = slots_[static_cast<size_t>(tick_) % kSlots];
      Timer* timer = head.next;
      // A timer re-armed here goes to a later slot, or to the end of this one a whole turn later.
      Timer* const last = head.previous;
      for (bool more = timer != &head; more;) {
        Timer* const next = timer->next;
        more = timer != last;
        disarm(*timer);
        if (timer->deadline < now) expired(*timer);
        else insert(*timer, slot_of(timer->deadline));
        timer = next;
      }
    }
  }

 private:
  static constexpr size_t kSlots = 1024;  // one turn is 131 s; later deadlines pass through the last slot

  int64_t slot_of(int64_t deadline) const {
    const int64_t slot = deadline / kTick + 1;
    if (slot <= tick_) return tick_ + 1;
    return slot > tick_ + static_cast<int64_t>(kSlots) - 1 ? tick_ + static_cast<int64_t>(kSlots) - 1 : slot;
  }

  void insert(Timer& timer, int64_t slot) {
    Timer& head = slots_[static_cast<size_t>(slot) % kSlots];
    timer.slot_time = slot;
    timer.next = &head;
    timer.previous = head.previous;
    head.previous->next = &timer;
    head.previous = &timer;
    ++armed_;
  }

  int64_t tick_;
  uint64_t armed_ = 0;
  std::array<Timer, kSlots> slots_;
};

}  // namespace zc
