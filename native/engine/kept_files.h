// Small files that are asked for again: their bytes in the snapshot cache, their answers made once. One thread's.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/counters.h"
#include "engine/setup.h"
#include "http/directory.h"
#include "http/file_template.h"
#include "http/path_table.h"

namespace zc {

class KeptFiles;

/** One version of a file. */
struct KeptFile : RefCounted {
  uint32_t site = 0;
  std::string path;  // as in requests
  FileStat stat;
  Ref<const FileTemplate> from;
  Ref<const FileAnswers> answers;
  bool adopted = false;      // another thread has made the copy
  mutable KeptFiles* keeper = nullptr;  // of this thread
  mutable size_t place = 0;             // among all
  // While this directory is what is known of it, and its names hold, the file has no other form.
  mutable Ref<const Directory> directory;
  mutable int64_t valid_until = 0;  // ms; the path is opened again after it
  mutable uint8_t uses = 0;         // those of late, up to a few

  /** For another thread: the answers and their bytes are the same. */
  Ref<KeptFile> copy() const;
  void use() const;
};

/** All that a thread keeps, of whichever site: what has to leave for others is found among them. */
class KeptRoom {
 public:
  /** Copies that this thread has made are counted. */
  KeptRoom(const Keeping& keeping, Counters& counters) : keeping_(keeping), counters_(counters) {}

  const Keeping& keeping() const { return keeping_; }
  bool make_room(uint64_t bytes);
  void enter(const KeptFile& kept);
  void leave(const KeptFile& kept);
  /** For other threads, at the end of the turn. */
  void announce(const KeptFile& kept) { new_.emplace_back(&kept); }
  std::vector<Ref<const KeptFile>> take_new() { return std::exchange(new_, {}); }

 private:
  const Keeping& keeping_;
  Counters& counters_;
  std::vector<const KeptFile*> all_;
  size_t hand_ = 0;  // of the clock: who is looked at next
  uint64_t bytes_ = 0;
  std::vector<Ref<const KeptFile>> new_;
};

/** Those of one site. */
class KeptFiles {
 public:
  KeptFiles(KeptRoom& room, uint32_t site) : room_(room), site_(site) {}

  /** May it be kept here? Others are TypeScript's to keep. */
  bool fits(const FileTemplate& from, const File& file) const;
  const KeptFile* find(std::string_view path) const { return known_.find(path); }
  /**
   * Keeps this file, which is open and not kept, if its bytes are in the page cache and there is room, or one that nobody
   * has asked for of late makes room. `now`: ms.
   */
  const KeptFile* keep(std::string_view path, const FileTemplate& from, const File& file, int64_t now);
  /** Another thread keeps it. */
  void adopt(Ref<KeptFile> kept);
  void remove(std::string_view path);
  void clear();

 private:
  void add(Ref<KeptFile> kept);

  KeptRoom& room_;
  const uint32_t site_;
  PathTable<KeptFile> known_;
};

}  // namespace zc
