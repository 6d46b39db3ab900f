// Files without a prepared reply: templates and the names of directories, read for the engine.
#include "addon/templates.h"

#include <deque>
#include <memory>
#include <utility>

#include "addon/replies.h"

namespace zc::js {
namespace {

// A template's status and end of connection are its own.
bool read_step(napi_env env, napi_value list, uint32_t at, FileTemplate::Step& step) {
  step.from = to_count(env, element(env, list, at));
  step.fields = to_text(env, element(env, list, at + 2));
  return read_way(to_count(env, element(env, list, at + 1)), step.way, step.reason);
}

bool is_of_file(const FileTemplate::Step& step) { return step.way == Way::sendfile || step.way == Way::read; }

// Flat as the steps, but for its number: of the largest file.
bool read_cached(napi_env env, napi_value from, FileTemplate& made) {
  if (length(env, from) == 0) return true;
  if (!read_step(env, from, 0, made.cached)) return false;
  made.cached_max = std::exchange(made.cached.from, 0);
  return made.cached.way == Way::mmap;
}

Doubtful to_doubtful(const std::string& name) {
  if (name == "hash") return Doubtful::hash;
  return name == "hexadecimal" ? Doubtful::hexadecimal : Doubtful::none;
}

// readNames(root, paths, symlinks, max)
napi_value read_names(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  Symlinks symlinks;
  if (!root || !to_symlinks(env, args[2], symlinks)) return throw_type(env, "readNames(root, paths, symlinks, max)");
  struct Reading {
    std::deque<NamesReader> readers;
    size_t at = 0;
    // Of a large directory a part, of small ones all.
    bool step() {
      while (at < readers.size() && !readers[at].step()) ++at;
      return at < readers.size();
    }
  };
  auto reading = std::make_shared<Reading>();
  for (uint32_t i = 0; i < length(env, args[1]); ++i) {
    reading->readers.emplace_back(root, to_utf8(env, element(env, args[1], i)), symlinks, to_count(env, args[3]));
  }
  return run_async_steps(
      env, "zcserve:readNames", [reading] { return reading->step(); },
      [reading](napi_env env) {
        napi_value list = nullptr;
        napi_create_array(env, &list);
        uint32_t at = 0;
        for (const NamesReader& reader : reading->readers) {
          napi_set_element(env, list, at++, reader.names() ? wrap(env, handles(env).names, reader.names()) : undefined(env));
        }
        return list;
      });
}

napi_value names_count(napi_env env, napi_callback_info info) {
  const Ref<DirectoryNames> names = unwrap<DirectoryNames>(env, handles(env).names, Arguments(env, info).self);
  return number(env, names ? static_cast<double>(names->count()) : 0);
}

napi_value names_may_have(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<DirectoryNames> names = unwrap<DirectoryNames>(env, handles(env).names, args.self);
  return boolean(env, !names || names->may_have(to_utf8(env, args[0])));
}

napi_value names_directories(napi_env env, napi_callback_info info) {
  const Ref<DirectoryNames> names = unwrap<DirectoryNames>(env, handles(env).names, Arguments(env, info).self);
  napi_value list = nullptr;
  napi_create_array(env, &list);
  uint32_t at = 0;
  if (names) {
    for (const std::string& name : names->directories()) napi_set_element(env, list, at++, text(env, name));
  }
  return list;
}

// holds(root, path, symlinks)
napi_value names_hold(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<DirectoryNames> names = unwrap<DirectoryNames>(env, handles(env).names, args.self);
  const Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  Symlinks symlinks;
  if (!names || !root || !to_symlinks(env, args[2], symlinks)) return throw_type(env, "holds(root, path, symlinks)");
  return boolean(env, look(*root, to_utf8(env, args[1]), symlinks, *names) == Look::holds);
}

}  // namespace

Ref<Directory> read_directory(napi_env env, const napi_value* values) {
  auto directory = make_ref<Directory>();
  directory->path = to_text(env, values[0]);
  directory->names = unwrap<DirectoryNames>(env, handles(env).names, values[1]);
  directory->group = static_cast<uint32_t>(to_count(env, values[2]));
  for (uint32_t i = 0; i < length(env, values[3]); ++i) directory->tried.push_back(to_text(env, element(env, values[3], i)));
  directory->like_above = to_boolean(env, values[4]);
  directory->patience = static_cast<uint32_t>(to_count(env, values[5]));
  return directory;
}

Ref<FileTemplate> read_template(napi_env env, napi_value from) {
  auto made = make_ref<FileTemplate>();
  made->fields = to_text(env, get(env, from, "fields"));
  made->not_modified = to_text(env, get(env, from, "notModified"));
  made->judged = to_count(env, get(env, from, "judged"));
  made->hashed = to_count(env, get(env, from, "hashed"));
  made->doubtful = to_doubtful(to_text(env, get(env, from, "doubtful")));
  const napi_value siblings = get(env, from, "siblings"), steps = get(env, from, "steps");
  for (uint32_t i = 0; i < length(env, siblings); ++i) made->siblings.push_back(to_text(env, element(env, siblings, i)));
  for (uint32_t i = 0; i + 2 < length(env, steps); i += 3) {
    if (!read_step(env, steps, i, made->steps.emplace_back()) || !is_of_file(made->steps.back())) return {};
  }
  if (!read_cached(env, get(env, from, "cached"), *made)) return {};
  return made->steps.empty() || made->steps.front().from != 0 ? Ref<FileTemplate>() : made;
}

void define_names(napi_env env, napi_value exports) {
  handles(env).names = define_handle(env, "Names", {getter("count", names_count),
                                                    getter("directories", names_directories), method("mayHave", names_may_have),
                                                    method("holds", names_hold)});
  export_function(env, exports, "readNames", read_names);
}

}  // namespace zc::js
