#include "files/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "files/cachestat.h"

namespace zc {
namespace {

// statfs(2) f_type: its files keep their pages in others of the layers below, which are seen by a mapping alone.
constexpr uint32_t kOverlayfs = 0x794c7630;

// Of a mapping: mincore(2) has a byte for each page of it.
constexpr uint64_t kWindow = 256 << 20;

bool is_layered(int file) {
  struct statfs fs;
  return fstatfs(file, &fs) == 0 && static_cast<uint32_t>(fs.f_type) == kOverlayfs;
}

// To all others, mincore says that every page is there (Linux 5.2).
bool may_count(int file) {
  struct stat st;
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  return (fstat(file, &st) == 0 && st.st_uid == geteuid()) || access(link, W_OK) == 0;
}

// Asks about pages and touches none: behind a truncation that would be SIGBUS.
std::optional<uint64_t> mapped_pages(int file, uint64_t first, uint64_t pages) {
  if (!may_count(file)) return std::nullopt;
  std::vector<unsigned char> there(std::min(pages, kWindow / page_size()));
  uint64_t found = 0;
  while (pages > 0) {
    const uint64_t some = std::min<uint64_t>(pages, there.size());
    void* at = mmap(nullptr, some * page_size(), PROT_READ, MAP_SHARED, file, static_cast<off_t>(first * page_size()));
    if (at == MAP_FAILED) return std::nullopt;
    const bool told = mincore(at, some * page_size(), there.data()) == 0;
    munmap(at, some * page_size());
    if (!told) return std::nullopt;
    found += static_cast<uint64_t>(
        std::count_if(there.data(), there.data() + some, [](unsigned char page) { return (page & 1) != 0; }));
    first += some;
    pages -= some;
  }
  return found;
}

// Wherever sendfile(2) takes the file, its pages are waited for one by one and go nowhere: nothing is copied.
int null_device() {
  static const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return fd;
}

// Of this thread. Not the idle class: what it has begun could wait without end, and with it the client that needs the page.
class LowPriority {
 public:
  LowPriority() : before_(static_cast<int>(syscall(SYS_ioprio_get, kProcess, 0))) {
    if (before_ >= 0) syscall(SYS_ioprio_set, kProcess, 0, kBestEffort | kLowest);
  }
  ~LowPriority() {
    if (before_ >= 0) syscall(SYS_ioprio_set, kProcess, 0, before_);
  }
  LowPriority(const LowPriority&) = delete;
  LowPriority& operator=(const LowPriority&) = delete;

 private:
  // linux/ioprio.h, which older systems do not have.
  static constexpr int kProcess = 1, kBestEffort = 2 << 13, kLowest = 7;
  const int before_;
};

}  // namespace

std::optional<uint64_t> resident_bytes(const File& file, ByteSpan span) {
  if (span.end <= span.start) return 0;
  const uint64_t whole = span.end - span.start;
  if (file.volume() == Volume::memory) return whole;
  const uint64_t first = span.start / page_size(), pages = (span.end - 1) / page_size() - first + 1;
  std::optional<uint64_t> found;
  if (!is_layered(file.fd())) found = cached_pages(file.fd(), first, pages);
  if (!found) found = mapped_pages(file.fd(), first, pages);
  if (!found) return std::nullopt;
  return *found >= pages ? whole : std::min(whole, *found * page_size());
}

void fill_page_cache(const File& file, ByteSpan span) {
  readahead(file.fd(), static_cast<off64_t>(span.start), span.end - span.start);
  static thread_local char scrap[kStretch];
  bool copies = null_device() < 0;
  for (uint64_t at = span.start; at < span.end;) {
    const Io io = copies ? read_at(file.fd(), scrap, std::min<uint64_t>(span.end - at, sizeof scrap), at, false)
                         : send_file(null_device(), file.fd(), at, span.end - at);
    if (io.result == Io::refused && !copies) copies = true;
    else if (io.result != Io::moved) return;
    at += io.bytes;
  }
}

void fill_page_cache_aside(const File& file, ByteSpan span) {
  const LowPriority low;
  fill_page_cache(file, span);
}

}  // namespace zc
