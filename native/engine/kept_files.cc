#include "engine/kept_files.h"

#include <algorithm>

#include "base/clock.h"
#include "files/arena.h"

namespace zc {
namespace {

// More than this is copied where it keeps nobody waiting.
constexpr uint64_t kCopiedHere = 64 << 10;
// For one newcomer: where more is asked for than has room, few come, and few have to go.
constexpr int kLooks = 2;
constexpr uint8_t kMaxUses = 3;

}  // namespace

Ref<KeptFile> KeptFile::copy() const {
  auto made = make_ref<KeptFile>();
  made->adopted = true;
  made->site = site;
  made->path = path;
  made->stat = stat;
  made->from = from;
  made->answers = answers;
  made->directory = directory;
  made->valid_until = valid_until;
  return made;
}

void KeptFile::use() const {
  if (uses < kMaxUses) ++uses;
}

// The clock: who was used since the hand passed is spared.
bool KeptRoom::make_room(uint64_t bytes) {
  for (int looks = 0; all_.size() >= keeping_.files || bytes_ + bytes > keeping_.bytes; ++looks) {
    if (looks == kLooks || all_.empty()) return false;
    if (hand_ >= all_.size()) hand_ = 0;
    const KeptFile& kept = *all_[hand_];
    if (kept.uses == 0) {
      kept.keeper->remove(kept.path);
    } else {
      --kept.uses;
      ++hand_;
    }
  }
  return true;
}

void KeptRoom::enter(const KeptFile& kept) {
  kept.place = all_.size();
  all_.push_back(&kept);
  bytes_ += kept.stat.size;
  if (kept.adopted) return;
  counters_.kept.add(1);
  counters_.copied.add(kept.stat.size);
}

void KeptRoom::leave(const KeptFile& kept) {
  bytes_ -= kept.stat.size;
  all_.back()->place = kept.place;
  all_[kept.place] = all_.back();
  all_.pop_back();
  if (kept.adopted) return;
  counters_.kept.subtract(1);
  counters_.copied.subtract(kept.stat.size);
}

bool KeptFiles::fits(const FileTemplate& from, const File& file) const {
  const uint64_t size = file.stat().size;
  const Keeping& keeping = room_.keeping();
  return keeping.arena && size > 0 && size <= std::min({from.cached_max, kCopiedHere, keeping.bytes});
}

const KeptFile* KeptFiles::keep(std::string_view path, const FileTemplate& from, const File& file, int64_t now) {
  if (!room_.make_room(file.stat().size)) return nullptr;
  const Keeping& keeping = room_.keeping();
  SnapshotError error;
  Ref<Memory> bytes = keeping.arena->snapshot_now(file, now, error);
  // What has no room there for others has to make it here.
  if (error == SnapshotError::full) room_.make_room(keeping.bytes);
  if (!bytes) return nullptr;
  auto kept = make_ref<KeptFile>();
  kept->answers = prepare(from, file, std::move(bytes), wall_clock());
  if (!kept->answers) return nullptr;
  kept->site = site_;
  kept->path = path;
  kept->stat = file.stat();
  kept->from = Ref<const FileTemplate>(&from);
  room_.announce(*kept);
  add(kept);
  return kept.get();
}

void KeptFiles::adopt(Ref<KeptFile> kept) {
  remove(kept->path);
  if (room_.make_room(kept->stat.size)) add(std::move(kept));
}

void KeptFiles::add(Ref<KeptFile> kept) {
  kept->keeper = this;
  room_.enter(*kept);
  known_.put(std::move(kept));
}

void KeptFiles::remove(std::string_view path) {
  const Ref<const KeptFile> kept(known_.find(path));
  if (!kept) return;
  room_.leave(*kept);
  known_.remove(kept->path);
}

void KeptFiles::clear() {
  known_.each([this](const KeptFile& kept) { room_.leave(kept); });
  known_.clear();
}

}  // namespace zc
