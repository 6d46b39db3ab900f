// The prepared replies of one root directory, and whether they still stand.
#pragma once
#include "engine/record.h"
#include "engine/setup.h"
#include "http/hot_table.h"

namespace zc {

class Site {
 public:
  Site(const EngineSetup& setup, Records& records) : setup_(setup), records_(records), root_(setup.root) {}

  /** A prepared reply to this request, or null. `now`: ms. */
  Ref<const Reply> find(const RequestHead& head, int64_t now);
  void put(Ref<HotEntry> entry) { hot_.put(std::move(entry)); }
  void remove(std::string_view path) { hot_.remove(path); }
  /** The root from now on (null: there is none), or the assurance that it still is. */
  void set_root(Ref<Root> root, int64_t now);

 private:
  enum class Look : uint8_t { holds, broken, unsure };

  bool entry_holds(const HotEntry& entry, int64_t now);
  bool root_holds(int64_t now);
  Look look_at_evidence(const HotEntry& entry) const;
  void drop(std::string_view path);

  const EngineSetup& setup_;
  Records& records_;
  Ref<Root> root_;
  int64_t root_valid_until_ = 0;  // ms; its path is looked at again after it
  bool root_told_ = false;        // TypeScript has been asked to look
  HotTable hot_;
};

}  // namespace zc
