#include "engine/directories.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "files/open.h"

namespace zc {
namespace {

// What a path may hold without being encoded, but for the percent sign (src/http/target.ts, PLAIN).
bool is_plain_byte(char byte) { return byte > 0x20 && byte < 0x7f && byte != '#' && byte != '%' && byte != '\\'; }

// Its own normal form: no segment is empty or begins with a dot. The query is legal and says nothing.
bool is_plain(std::string_view target, std::string_view path) {
  char before = 0;
  for (const char byte : path) {
    if (!is_plain_byte(byte) || (before == '/' && (byte == '/' || byte == '.'))) return false;
    before = byte;
  }
  const std::string_view query = target.substr(path.size());
  return path.size() > 1 && path.front() == '/' && before != '/' &&
         std::all_of(query.begin(), query.end(), [](char byte) { return byte > 0x20 && byte < 0x7f && byte != '#'; });
}

}  // namespace

Directories::Answer Directories::find(const Root& root, const RequestHead& head, std::string_view path, int64_t now) {
  if (!is_plain(head.target, path)) return {};
  const KeptFile* const kept = kept_.find(path);
  if (kept && holds(root, *kept, now)) {
    kept->use();
    return {takes(*kept->from, head) ? choose(*kept->from, *kept->answers, head) : Ref<const Reply>()};
  }
  const size_t slash = path.rfind('/');
  const Directory* directory = known_.find(path.substr(0, slash));
  if (!directory) {
    const Answer above = find_above(root, path, now);
    if (!above.missing) asked_.add(path);
    return above;
  }
  const std::string_view name = path.substr(slash + 1);
  if (!directory->names) count(*directory);
  const Look look = look_at_names(root, *directory, now);
  if (look == Look::broken) return {};
  const DirectoryNames* const names = look == Look::holds ? directory->names.get() : nullptr;
  const Stands stands = names ? names->find(name) : Stands::perhaps;
  if (stands != Stands::no) {
    return open(root, {path, name, *directory, names, stands == Stands::file, kept}, head, now);
  }
  if (kept) kept_.remove(path);
  const auto& tried = directory->tried;
  const auto may_stand = [&](const std::string& suffix) { return names->may_have(std::string(name).append(suffix)); };
  const bool absent = !tried.empty() && std::none_of(tried.begin(), tried.end(), may_stand);
  return {{}, false, absent ? directory : nullptr};
}

Directories::Answer Directories::open(const Root& root, const Sought& sought, const RequestHead& head, int64_t now) {
  const auto& [path, name, directory, names, is_file, kept] = sought;
  const uint32_t asked = asked_.add(path);
  const size_t dot = name.rfind('.');
  if (asked == Frequency::kAdmitted || dot == name.npos) return {};
  const FileTemplate* const from = find_template(directory.group, name.substr(dot + 1));
  if (!from || !takes(*from, head) || !is_plain_stem(name.substr(0, dot), from->doubtful)) return {};
  // Another form of the file is to be chosen from. Where nobody knows the names, the kernel is asked for each.
  const std::string file(path.substr(1));
  for (const std::string& suffix : from->siblings) {
    if (names ? names->may_have(std::string(name).append(suffix)) : may_open(root, file + suffix)) return {};
  }
  const std::optional<OpenedFile> opened =
      is_file ? reopen_file_now(root, file, setup_.symlinks) : open_file_now(root, file, setup_.symlinks);
  if (opened && opened->type == OpenedFile::file) return answer(sought, *from, opened->handle, asked, head, now);
  if (kept) kept_.remove(path);
  return {};
}

Directories::Answer Directories::answer(const Sought& sought, const FileTemplate& from, const Ref<File>& file,
                                        uint32_t asked, const RequestHead& head, int64_t now) {
  const KeptFile* kept = sought.kept;
  if (kept && !(kept->stat == file->stat())) {
    kept_.remove(sought.path);
    kept = nullptr;
  }
  if (!kept && asked + 1 >= setup_.keeping.uses) {
    const bool fits = kept_.fits(from, *file);
    kept = fits ? kept_.keep(sought.path, from, *file, now) : nullptr;
    if (kept) new_.emplace_back(kept);
    // Not every file system can be asked what is in the page cache.
    if (!(fits && file->probeable()) && admit(sought.path, asked, now)) return {};
  }
  if (!kept) return {fill(from, file, head, wall_clock()), true};
  kept->use();
  kept->directory = Ref<const Directory>(&sought.directory);
  kept->valid_until = now + setup_.revalidate;
  if (!sought.directory.keeps.exchange(true, std::memory_order_relaxed)) {
    records_.add(Record::kept).text = sought.directory.path;
  }
  return {choose(from, *kept->answers, head)};
}

// Where the same is known of its directory: what another thread has seen since is not for this one to forget.
void Directories::adopt(Ref<KeptFile> kept) {
  if (known_.find(kept->directory->path) == kept->directory.get()) kept_.adopt(std::move(kept));
}

// As long as the directory's names do, or what was looked for instead of them.
bool Directories::holds(const Root& root, const KeptFile& kept, int64_t now) {
  const Directory& directory = *kept.directory;
  if (now >= kept.valid_until || directory.replaced.load(std::memory_order_relaxed)) return false;
  return !directory.names || look_at_names(root, directory, now) == Look::holds;
}

void Directories::put(Ref<Directory> directory) {
  if (const Directory* known = known_.find(directory->path)) known->replaced.store(true, std::memory_order_relaxed);
  known_.put(std::move(directory));
}

void Directories::remove(std::string_view path) {
  if (const Directory* known = known_.find(path)) known->replaced.store(true, std::memory_order_relaxed);
  known_.remove(path);
}

int64_t Directories::lacks_until(const Root& root, const std::string& path, int64_t now) {
  const std::string target = '/' + path;
  const size_t slash = target.rfind('/');
  const Directory* directory = known_.find(std::string_view(target).substr(0, slash));
  if (!directory || !directory->names || look_at_names(root, *directory, now) != Look::holds) return 0;
  if (directory->names->may_have(std::string_view(target).substr(slash + 1))) return 0;
  return directory->valid_until.load(std::memory_order_relaxed);
}

// Of a path below what is not there: the nearest directory that is known says so.
Directories::Answer Directories::find_above(const Root& root, std::string_view path, int64_t now) {
  for (size_t end = path.rfind('/'); end > 0;) {
    const size_t start = path.rfind('/', end - 1);
    if (const Directory* directory = known_.find(path.substr(0, start))) {
      if (!directory->names) count(*directory);
      const bool holds = !directory->tried.empty() && look_at_names(root, *directory, now) == Look::holds;
      const bool absent = holds && !directory->names->may_have(path.substr(start + 1, end - start - 1));
      return {{}, false, absent ? directory : nullptr};
    }
    end = start;
  }
  return {};
}

const Directory* Directories::like(const Root& root, const Directory& directory, int64_t now) {
  const std::string_view path = directory.path;
  // Above the root is nothing: its own path would be found again.
  if (!directory.like_above || path.empty()) return nullptr;
  const Directory* const above = known_.find(path.substr(0, path.rfind('/')));
  return above && look_at_names(root, *above, now) == Look::holds ? above : nullptr;
}

void Directories::put_template(uint32_t group, std::string extension, Ref<FileTemplate> made) {
  if (group >= groups_.size()) groups_.resize(group + 1);
  groups_[group].emplace_back(std::move(extension), std::move(made));
}

const FileTemplate* Directories::find_template(uint32_t group, std::string_view extension) const {
  if (group >= groups_.size()) return nullptr;
  for (const auto& [name, made] : groups_[group]) {
    if (name == extension) return made.get();
  }
  return nullptr;
}

bool Directories::admit(std::string_view path, uint32_t asked, int64_t now) {
  if (asked == Frequency::kAdmitted) return true;
  if (asked < admission_) return false;
  allowance_ = std::min(kBurst, allowance_ + static_cast<double>(now - allowed_at_) * kPerMs);
  allowed_at_ = now;
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  asked_.admit(path);
  return true;
}

void Directories::count(const Directory& directory) {
  if (directory.asked.fetch_add(1, std::memory_order_relaxed) + 1 != directory.patience) return;
  records_.add(Record::directory).text = directory.path;
}

bool Directories::may_open(const Root& root, const std::string& path) const {
  return !root.remembers() || open_remembered(root, path, O_PATH, setup_.symlinks, Mounts::own).error != ENOENT;
}

// The names are as good as the directory's version, which is looked at once a revalidate. A look must not wait.
Look Directories::look_at_names(const Root& root, const Directory& directory, int64_t now) {
  if (!directory.names) return Look::unsure;
  if (now < directory.valid_until.load(std::memory_order_relaxed)) return Look::holds;
  const std::string path(directory.path.empty() ? "" : directory.path.substr(1));
  const Look found = look(root, path, setup_.symlinks, *directory.names);
  if (found == Look::holds) directory.valid_until.store(now + setup_.revalidate, std::memory_order_relaxed);
  if (found != Look::broken) return found;
  Record& record = records_.add(Record::directory);
  record.text = directory.path;
  record.code = 1;
  remove(record.text);
  return Look::broken;
}

}  // namespace zc
