// Files without a prepared reply, opened here by what is known of their directories. One thread's.
#pragma once
#include <utility>
#include <vector>

#include "engine/tenants.h"
#include "http/directory.h"
#include "http/file_template.h"
#include "http/path_table.h"

namespace zc {

class Directories {
 public:
  Directories(Tenants& tenants, uint32_t site)
      : tenants_(tenants), site_(site), setup_(tenants.setup.sites[site]), kept_(tenants.room, site) {}

  struct Answer {
    Ref<const Reply> reply;              // of a file
    bool opened = false;                 // for this request
    const Directory* missing = nullptr;  // what was asked for is surely absent: as all that is absent from this one
  };
  /** Neither: it is TypeScript's. `path` is the request's, `now`: ms. */
  Answer find(const Root& root, const RequestHead& head, std::string_view path, int64_t now);
  /** The directory above one whose names hold, if what both lack is answered alike; or null. */
  const Directory* like(const Root& root, const Directory& directory, int64_t now);

  void put(Ref<Directory> directory);
  void remove(std::string_view path);
  /** The template of an extension (as in requests, without its dot) in all directories of a group. */
  void put_template(uint32_t group, std::string extension, Ref<FileTemplate> made);
  void clear() {
    kept_.clear();
    known_.clear();
    groups_.clear();
  }
  /** A prepared reply takes the path's place. */
  void release(std::string_view path) { kept_.remove(path); }
  /** Another thread keeps this file. */
  void adopt(Ref<KeptFile> kept);
  /** Until when (ms) it is known of this root-relative path that nothing stands there; 0 where it is not. */
  int64_t lacks_until(const Root& root, const std::string& path, int64_t now);

 private:
  bool holds(const Root& root, const KeptFile& kept, int64_t now);
  /** Of a request for what may stand there. */
  struct Sought {
    std::string_view path, name;
    const Directory& directory;
    const DirectoryNames* names;  // null: nobody knows them now
    bool is_file;                 // and nothing else, by the names
    const KeptFile* kept;         // of it, which is to be looked at; or null
  };
  Answer open(const Root& root, const Sought& sought, const RequestHead& head, int64_t now);
  /** Of a file that was opened, which is kept when it is time to. */
  Answer answer(const Sought& sought, const FileTemplate& from, const Ref<File>& file, uint32_t asked,
                const RequestHead& head, int64_t now);
  /** After `broken` the directory is gone. */
  Look look_at_names(const Root& root, const Directory& directory, int64_t now);
  bool may_open(const Root& root, const std::string& path) const;
  const FileTemplate* find_template(uint32_t group, std::string_view extension) const;
  void count(const Directory& directory);
  Answer find_above(const Root& root, std::string_view path, int64_t now);

  Record& tell(Record::Kind kind, std::string_view directory);

  Tenants& tenants_;
  const uint32_t site_;
  const SiteSetup& setup_;
  PathTable<Directory> known_;
  using Templates = std::vector<std::pair<std::string, Ref<FileTemplate>>>;
  std::vector<Templates> groups_;
  KeptFiles kept_;
};

}  // namespace zc
