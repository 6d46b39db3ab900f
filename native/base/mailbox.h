// A queue between threads: many post, one takes everything at once; one wake-up per batch.
#pragma once
#include <sys/eventfd.h>

#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "base/emptied.h"
#include "base/unique_fd.h"

namespace zc {

template <class T>
class Mailbox {
 public:
  Mailbox() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  /** Readable while letters wait. */
  int fd() const { return event_.get(); }

  void post(T letter) {
    bool first;
    {
      const std::lock_guard lock(mutex_);
      first = letters_.empty();
      letters_.push_back(std::move(letter));
    }
    // Only the first letter of a batch pays for the wake-up.
    if (first) eventfd_write(event_.get(), 1);
  }

  /** Moves all of `letters`, in order; it is empty afterwards. */
  void post_all(std::vector<T>& letters) {
    if (letters.empty()) return;
    bool first;
    {
      const std::lock_guard lock(mutex_);
      first = letters_.empty();
      std::move(letters.begin(), letters.end(), std::back_inserter(letters_));
    }
    empty(letters);
    if (first) eventfd_write(event_.get(), 1);
  }

  /** Moves all letters into `out`, whatever that holds; it keeps both vectors' memory in use. */
  void take(std::vector<T>& out) {
    eventfd_t ignored;
    eventfd_read(event_.get(), &ignored);
    empty(out);
    const std::lock_guard lock(mutex_);
    letters_.swap(out);
  }

 private:
  const UniqueFd event_;
  std::mutex mutex_;
  std::vector<T> letters_;
};

}  // namespace zc
