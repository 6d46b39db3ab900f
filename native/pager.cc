#include "pager.h"

#include <fcntl.h>

#include <algorithm>

#include "io.h"

namespace zc {
namespace {

// One byte of each stretch is touched after readahead(2) has asked for all: waiting, not copying.
constexpr uint64_t kTouch = 64 << 10;

void touch(const File& file, ByteSpan span) {
  readahead(file.fd(), static_cast<off64_t>(span.start), span.end - span.start);
  char byte;
  for (uint64_t at = span.start; at < span.end; at += kTouch) {
    if (read_at(file.fd(), &byte, 1, at, false).result != Io::moved) return;
  }
  read_at(file.fd(), &byte, 1, span.end - 1, false);
}

}  // namespace

Pager::Pager(size_t threads) {
  while (shortage_ == 0 && threads_.size() < threads) {
    Thread thread;
    shortage_ = thread.start("zcserve-pager", [this] { run(); });
    if (shortage_ == 0) threads_.push_back(std::move(thread));
  }
}

Pager::~Pager() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (Thread& thread : threads_) thread.join();
}

void Pager::page_in(Ref<File> file, ByteSpan span, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(file), span, std::move(done)});
  }
  wake_.notify_one();
}

void Pager::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    touch(*job.file, job.span);
    job.done();
  }
}

}  // namespace zc
