// Which names stand in a directory, at one version of it.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/seeded_hash.h"
#include "files/root.h"

namespace zc {

/** `perhaps`: to be opened to know. `file`: the same, and it was a regular file when the names were read. */
enum class Stands : uint8_t { no, perhaps, file };

/** By hashes of 31 bits: what is absent is surely absent. Immutable. */
class DirectoryNames : public RefCounted {
 public:
  Stands find(std::string_view name) const;
  bool may_have(std::string_view name) const { return find(name) != Stands::no; }
  /** Of the directory (FileStat::version), when they were read: it moves when names come and go. */
  const std::string& version() const { return version_; }
  size_t count() const { return count_; }
  /** Directories among them, a thousand at most, and none that begins with a dot. */
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  friend class NamesReader;

  static constexpr uint32_t kFile = 1;

  // 0 is an empty place.
  uint32_t mark(std::string_view name) const {
    const uint32_t hash = static_cast<uint32_t>(hash_(name)) & ~kFile;
    return hash == 0 ? kFile + 1 : hash;
  }
  size_t home(uint32_t mark) const { return mark >> 1 & mask_; }
  void fill(const std::vector<uint32_t>& marks);

  const SeededHash hash_{};
  std::string version_;
  std::vector<std::string> directories_;
  size_t count_ = 0, mask_ = 0;
  std::vector<uint32_t> table_;  // twice as many places as names, at least
};

/** Does what is known still hold? `unsure`: that cannot be told without waiting. */
enum class Look : uint8_t { holds, broken, unsure };

/** Is the directory at this path still the version of which the names are? */
Look look(const Root& root, const std::string& path, Symlinks symlinks, const DirectoryNames& names);

/**
 * Reads them, in steps that wait for the disk; one thread at a time. It gives up where names would not tell what can be
 * opened: there are more than `max`; the directory was changed so lately that the next change might not show in its times;
 * it ignores case; it lies on a file system that is not known to keep such times, or is another than the root's.
 */
class NamesReader {
 public:
  NamesReader(Ref<Root> root, std::string path, Symlinks symlinks, size_t max);
  ~NamesReader();

  /** Goes on; false at the end. */
  bool step();
  /** After the end; null: it has given up. */
  const Ref<DirectoryNames>& names() const { return names_; }

 private:
  bool open();
  bool finish();
  bool ignores_case() const;

  const Ref<Root> root_;
  const std::string path_;
  const Symlinks symlinks_;
  const size_t max_;
  void* stream_ = nullptr;  // DIR
  Ref<DirectoryNames> reading_, names_;
  std::vector<uint32_t> marks_;
  std::string lettered_;  // a name with a letter
};

}  // namespace zc
