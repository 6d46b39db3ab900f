#include "base/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/thread.h"

namespace zc {
namespace {

constexpr int kPollMs = 100;

}  // namespace

int LineWriter::start() {
  Thread thread;
  const int error = thread.start("zcserve-log", [self = Ref<LineWriter>(this)] { self->run(); });
  thread.detach();
  return error;
}

void LineWriter::write(std::string_view text, uint64_t lines) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || queue_.size() + text.size() > kMost) return lose(lines, ENOBUFS);
    const size_t before = queue_.size();
    queue_.append(text);
    queued_ += lines;
    wake = before == 0 || (before < kMany && queue_.size() >= kMany);
  }
  if (wake) changed_.notify_one();
}

void LineWriter::reopen(UniqueFd to) {
  const std::lock_guard lock(mutex_);
  next_ = std::move(to);
  // Nor does a file that was moved away stay open until somebody has something to say.
  changed_.notify_one();
}

bool LineWriter::end() {
  const std::lock_guard lock(mutex_);
  changed_.notify_one();
  return !std::exchange(ending_, true);
}

bool LineWriter::await_end(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return over_.wait_for(lock, patience, [this] { return ended_; });
}

void LineWriter::run() {
  std::string taken;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || next_ || !queue_.empty(); });
    // A wake-up for each line would cost more than the line.
    changed_.wait_for(lock, kGather, [this] { return ending_ || queue_.size() >= kMany; });
    if (queue_.empty() && ending_) break;
    taken.clear();
    taken.swap(queue_);
    const uint64_t lines = std::exchange(queued_, 0);
    if (next_) to_ = std::move(next_);
    lock.unlock();
    write_out(taken, lines);
    lock.lock();
  }
  // Whoever holds it yet reads its counts.
  to_.reset();
  next_.reset();
  ended_ = true;
  over_.notify_all();
}

void LineWriter::write_out(std::string_view text, uint64_t lines) {
  if (torn_) {
    if (::write(to_.get(), "\n", 1) != 1) return lose(lines, errno);
    torn_ = false;
  }
  for (size_t at = 0; at < text.size();) {
    const ssize_t wrote = ::write(to_.get(), text.data() + at, text.size() - at);
    if (wrote > 0) {
      at += static_cast<size_t>(wrote);
      continue;
    }
    const int error = errno;
    if (wrote < 0 && (error == EINTR || (error == EAGAIN && await_room()))) continue;
    torn_ = at > 0 && text[at - 1] != '\n';
    const auto rest = static_cast<uint64_t>(std::count(text.begin() + static_cast<ptrdiff_t>(at), text.end(), '\n'));
    written_.fetch_add(lines - rest, std::memory_order_relaxed);
    return lose(rest, error);
  }
  written_.fetch_add(lines, std::memory_order_relaxed);
}

// Of a pipe or terminal that somebody has made non-blocking. False: its reader is slow, and we end.
bool LineWriter::await_room() {
  pollfd room{to_.get(), POLLOUT, 0};
  while (poll(&room, 1, kPollMs) == 0) {
    const std::lock_guard lock(mutex_);
    if (ending_ || next_) return false;
  }
  return true;
}

void LineWriter::lose(uint64_t lines, int error) {
  lost_.fetch_add(lines, std::memory_order_relaxed);
  error_.store(error, std::memory_order_relaxed);
}

}  // namespace zc
