// What is answered of one root directory without asking: prepared replies that still stand, and files of directories that
// are known.
#pragma once
#include "engine/directories.h"

namespace zc {

class Site {
 public:
  Site(Tenants& tenants, uint32_t number)
      : tenants_(tenants),
        number_(number),
        setup_(tenants.setup.sites[number]),
        root_(setup_.root),
        directories_(tenants, number) {}

  struct Found {
    Ref<const Reply> reply;  // or null
    bool opened = false;     // not prepared: its file was opened for this request
  };
  /** `now`: ms. */
  Found find(const RequestHead& head, int64_t now);
  void put(Ref<HotEntry> entry);
  void remove(std::string_view path);
  Directories& directories() { return directories_; }
  /**
   * The root from now on (null: there is none), or the assurance that it still is. `rules`: of the files in it that say how
   * all of it is answered.
   */
  void set_root(Ref<Root> root, std::vector<Evidence> rules, int64_t now);

 private:
  Ref<const Reply> reply_of(const HotEntry& entry, const RequestHead& head, int64_t now);
  bool entry_holds(const HotEntry& entry, int64_t now);
  bool root_holds(int64_t now);
  /** `until`: no longer than that what it holds by. */
  Look look_at(const std::vector<Evidence>& all, int64_t now, int64_t& until);
  void drop(std::string_view path);

  Record& tell(Record::Kind kind);

  Tenants& tenants_;
  const uint32_t number_;
  const SiteSetup& setup_;
  Ref<Root> root_;
  std::vector<Evidence> rules_;
  int64_t root_valid_until_ = 0;  // ms; its path is looked at again after it
  bool root_told_ = false;        // TypeScript has been asked to look
  PathTable<HotEntry> hot_;
  Directories directories_;
};

}  // namespace zc
