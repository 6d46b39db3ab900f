#include "engine/site.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "http/match.h"

namespace zc {
namespace {

// What is sent from the file itself must be what the head says, however long the evidence is trusted: one fstat(2).
bool is_current(const Reply& reply) {
  const File* source = reply.source();
  return !source || source->is_current();
}

// Where the reply of all that a directory lacks is kept: no request's path begins with NUL.
std::string miss_path(const std::string& directory) { return std::string(1, '\0') + directory; }

// Has it a parameter of this name, as it is spelled? src/http/target.ts has the same.
bool names(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view parameter = query.substr(0, query.find('&'));
    if (parameter.substr(0, parameter.find('=')) == name) return true;
    query.remove_prefix(parameter.size());
  }
  return false;
}

}  // namespace

Site::Found Site::find(const RequestHead& head, int64_t now) {
  if (head.method != Method::get && head.method != Method::head) return {};
  if (!root_holds(now)) return {};
  const std::string_view path = path_of(head.target);
  const std::string_view query = std::string_view(head.target).substr(path.size());
  if (setup_.downloads && names(query, "download")) return {};
  if (setup_.live && names(query, "live")) return {};
  if (const HotEntry* entry = hot_.find(path)) {
    if (entry->lasts_until != 0 && path.size() != head.target.size()) return {};
    return {reply_of(*entry, head, now)};
  }
  Directories::Answer answer = directories_.find(*root_, head, path, now);
  if (answer.reply) return {std::move(answer.reply), answer.opened};
  for (const Directory* at = answer.missing; at; at = directories_.like(*root_, *at, now)) {
    if (const HotEntry* miss = hot_.find(miss_path(at->path))) return {reply_of(*miss, head, now)};
  }
  return {};
}

Ref<const Reply> Site::reply_of(const HotEntry& entry, const RequestHead& head, int64_t now) {
  if (!entry_holds(entry, now)) return {};
  if (!entry.used.load(std::memory_order_relaxed)) entry.used.store(true, std::memory_order_relaxed);
  Ref<const Reply> reply = match(entry, head);
  if (!reply || is_current(*reply)) return reply;
  drop(entry.path);
  return {};
}

void Site::put(Ref<HotEntry> entry) {
  directories_.release(entry->path);
  hot_.put(std::move(entry));
}

void Site::remove(std::string_view path) {
  hot_.remove(path);
  tenants_.admission.forget(number_, path);
}

bool Site::entry_holds(const HotEntry& entry, int64_t now) {
  if (entry.lasts_until != 0 && now >= entry.lasts_until) {
    drop(entry.path);
    return false;
  }
  if (now < entry.valid_until.load(std::memory_order_relaxed)) return true;
  int64_t until = now + setup_.revalidate;
  switch (entry.remote ? Look::unsure : look_at(entry.evidence, now, until)) {
    case Look::holds:
      if (entry.lasts_until == 0) entry.valid_until.store(until, std::memory_order_relaxed);
      return true;
    case Look::broken:
      drop(entry.path);
      return false;
    case Look::unsure:
      // TypeScript looks, where that may take its time, and puts the entry again.
      entry.unsure.store(true, std::memory_order_relaxed);
      return false;
  }
  return false;
}

// A look a revalidate and thread, not a request: also while JavaScript is busy, the site that was replaced is not
// served for longer.
bool Site::root_holds(int64_t now) {
  if (now < root_valid_until_) return true;
  int64_t until = 0;
  if (root_ && root_->look() == RootLook::same && look_at(rules_, now, until) == Look::holds) {
    root_valid_until_ = now + setup_.revalidate;
    return true;
  }
  if (!root_told_) tell(Record::root);
  root_told_ = true;
  return false;
}

void Site::set_root(Ref<Root> root, std::vector<Evidence> rules, int64_t now) {
  if (root.get() != root_.get() || rules != rules_) {
    hot_.clear();
    directories_.clear();
  }
  root_ = std::move(root);
  rules_ = std::move(rules);
  root_valid_until_ = root_ ? now + setup_.revalidate : 0;
  root_told_ = false;
}

// The resolution still stands when each path it rests on has the version that it had. A look must not wait for a disk
// or for somebody else's server.
Look Site::look_at(const std::vector<Evidence>& all, int64_t now, int64_t& until) {
  for (const Evidence& evidence : all) {
    if (const int64_t lacks = evidence.version.empty() ? directories_.lacks_until(*root_, evidence.path, now) : 0) {
      until = std::min(until, lacks);
      continue;
    }
    const OpenResult opened = open_remembered(*root_, evidence.path, O_PATH, setup_.symlinks, Mounts::any);
    struct stat st;
    std::string version;
    if (opened.fd) {
      if (fstat(opened.fd.get(), &st) != 0) return Look::broken;
      version = FileStat::from(st).version();
    } else if (opened.error == EAGAIN) {
      return Look::unsure;
    } else if (opened.error == EMFILE || opened.error == ENFILE || opened.error == ENOMEM || opened.error == EIO) {
      // No evidence of a change: what is open goes on, and is looked at again with the next request.
      return Look::holds;
    }
    if (version != evidence.version) return Look::broken;
  }
  return Look::holds;
}

Record& Site::tell(Record::Kind kind) {
  Record& record = tenants_.records.add(kind);
  record.site = number_;
  return record;
}

void Site::drop(std::string_view path) {
  Record& record = tell(Record::stale);
  record.text = path;
  hot_.remove(record.text);
}

}  // namespace zc
