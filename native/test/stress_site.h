// What the stress program serves: files whose every byte tells where it belongs.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "files/file.h"
#include "files/root.h"
#include "test/random.h"

namespace zc::stress {

[[noreturn]] inline void die(const char* claim, const std::string& detail = {}) {
  std::fprintf(stderr, "does not hold: %s %s\n", claim, detail.c_str());
  std::_Exit(1);
}

inline void require(bool holds, const char* claim, const std::string& detail = {}) {
  if (!holds) die(claim, detail);
}

// Every byte of every file tells where it belongs.
inline char byte_of(size_t file, size_t at) { return static_cast<char>((at * 31 + (at >> 8) * 7 + file * 101) & 0xff); }

constexpr size_t kSizes[] = {0, 1, 900, 4096, 20'000, 65'536, 300'000, 3'000'000};
constexpr size_t kFiles = std::size(kSizes);

/** The directory is served under two names, each with what is known of it. */
constexpr uint32_t kSites = 2;
constexpr const char* kSecondHost = "second.example";

/** The body of a 200: `start` is where in the file it begins, or "parts". */
inline void check_body(const std::string& file_text, const std::string& start, std::string_view body) {
  const size_t file = std::stoul(file_text);
  if (start == "parts") {
    const size_t second = body.find("|second|", 6);
    require(body.compare(0, 6, "first|") == 0 && body.compare(body.size() - 4, 4, "|end") == 0 &&
                second != std::string::npos && body.size() == kSizes[file] + 18,
            "parts stand where they belong", file_text);
    return;
  }
  const size_t first = std::stoul(start);
  for (size_t at = 0; at < body.size(); ++at) {
    if (body[at] != byte_of(file, first + at)) {
      die("every byte is the file's", file_text + " from " + start + " at " + std::to_string(at));
    }
  }
}

/** A directory of files with known bytes, removed at the end. */
class Site {
 public:
  Site() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/zcserve-stress-XXXXXX";
    require(mkdtemp(path_.data()) != nullptr, "a temporary directory can be made");
    for (size_t i = 0; i < kFiles; ++i) {
      std::string bytes(kSizes[i], '\0');
      for (size_t at = 0; at < bytes.size(); ++at) bytes[at] = byte_of(i, at);
      const UniqueFd fd(::open(name_of(i).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      require(write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "a file can be written");
    }
    root = Root::open(path_);
  }
  ~Site() {
    for (size_t i = 0; i < kFiles; ++i) unlink(name_of(i).c_str());
    rmdir(path_.c_str());
  }

  Ref<File> open(size_t file) const {
    OpenResult opened = open_beneath(*root, path_of(file), O_RDONLY, Symlinks::none);
    struct stat st;
    require(opened.fd && fstat(opened.fd.get(), &st) == 0, "a file beneath the root can be opened");
    return make_ref<File>(std::move(opened.fd), FileStat::from(st), path_of(file));
  }

  /** Each has an extension of its own, and so a template that can tell its number. */
  static std::string path_of(size_t file) { return "f." + std::to_string(file); }

  Ref<Root> root;

 private:
  std::string name_of(size_t file) const { return path_ + "/" + path_of(file); }
  std::string path_;
};

}  // namespace zc::stress
