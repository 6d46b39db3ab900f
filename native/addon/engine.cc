// The addon's Engine: replies and hot entries in, records out.
#include <cerrno>
#include <memory>

#include "addon/lines.h"
#include "addon/records.h"
#include "addon/replies.h"
#include "addon/setup.h"
#include "addon/templates.h"
#include "engine/engine.h"
#include "addon/values.h"

namespace zc::js {
namespace {

/** The engine with its way back to JavaScript; lives until close or the end of the environment. */
struct EngineHost : RefCounted {
  std::unique_ptr<Engine> engine;
  napi_threadsafe_function wake = nullptr;
};

Ref<EngineHost> host_of(napi_env env, napi_value self) { return unwrap<EngineHost>(env, handles(env).engine, self); }

/** The number of a site; the first where it is left out. */
uint32_t site_at(napi_env env, const Arguments& args, size_t index) {
  return static_cast<uint32_t>(to_count(env, args[index]));
}

// Of exchanges.
std::vector<uint64_t> to_ids(napi_env env, napi_value array) {
  std::vector<uint64_t> ids(length(env, array));
  for (uint32_t i = 0; i < ids.size(); ++i) ids[i] = to_count(env, element(env, array, i));
  return ids;
}

napi_value engine_reply(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host) return undefined(env);
  Ref<Reply> reply = read_reply(env, args.values + 1);
  if (!reply) return throw_type(env, "reply(id, …): a released file or memory, or a span outside it");
  host->engine->reply(to_count(env, args[0]), std::move(reply));
  return undefined(env);
}

// replyAll(ids, …)
napi_value engine_reply_all(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host) return undefined(env);
  const Ref<Reply> reply = read_reply(env, args.values + 1);
  if (!reply) return throw_type(env, "replyAll(ids, …): a released file or memory, or a span outside it");
  host->engine->reply_all(to_ids(env, args[0]), reply);
  return undefined(env);
}

// receive(id, most)
napi_value engine_receive(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->receive(to_count(env, args[0]), to_count(env, args[1]));
  return undefined(env);
}

// watch(id)
napi_value engine_watch(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->watch(to_count(env, args[0]));
  return undefined(env);
}

// feed(ids, bytes)
napi_value engine_feed(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  Ref<Memory> piece = read_piece(env, args[1]);
  if (!piece) return throw_type(env, "feed(ids, bytes): no bytes");
  if (host) host->engine->feed(to_ids(env, args[0]), std::move(piece));
  return undefined(env);
}

// feedFile(ids, file, start, end)
napi_value engine_feed_file(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  const Ref<File> file = unwrap<File>(env, handles(env).file, args[1]);
  const ByteSpan span{to_count(env, args[2]), to_count(env, args[3])};
  if (!file || !file->may_have(span)) {
    return throw_type(env, "feedFile(ids, file, start, end): not an open file or a span outside it");
  }
  if (host) host->engine->feed(to_ids(env, args[0]), {file, span});
  return undefined(env);
}

// finishFeed(id, whole)
napi_value engine_finish_feed(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  if (const Ref<EngineHost> host = host_of(env, args.self)) {
    host->engine->finish_feed(to_count(env, args[0]), to_boolean(env, args[1]));
  }
  return undefined(env);
}

// add(path, judged, evidence, lastsMs, site)
napi_value engine_add(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host) return number(env, 0);
  Ref<HotEntry> entry = read_hot_entry(env, args.values);
  entry->site = site_at(env, args, 4);
  return number(env, static_cast<double>(host->engine->add(std::move(entry))));
}

// put(handle, at, reply)
napi_value engine_put(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host) return undefined(env);
  HotReply reply;
  if (!read_hot_reply(env, args[2], reply)) return throw_type(env, "put(handle, at, reply): not a hot reply");
  host->engine->put(to_count(env, args[0]), to_count(env, args[1]), std::move(reply));
  return undefined(env);
}

napi_value engine_remove(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  if (const Ref<EngineHost> host = host_of(env, args.self)) host->engine->remove(to_count(env, args[0]));
  return undefined(env);
}

// putDirectory(path, names, group, tried, likeAbove, patience, site)
napi_value engine_put_directory(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->put_directory(site_at(env, args, 6), read_directory(env, args.values));
  return undefined(env);
}

// putTemplate(group, extension, template, site)
napi_value engine_put_template(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  const Ref<FileTemplate> made = read_template(env, args[2]);
  if (!made) return throw_type(env, "putTemplate(group, extension, template): not a template");
  const auto group = static_cast<uint32_t>(to_count(env, args[0]));
  if (host) host->engine->put_template(site_at(env, args, 3), group, to_text(env, args[1]), made);
  return undefined(env);
}

// removeDirectory(path, site)
napi_value engine_remove_directory(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->remove_directory(site_at(env, args, 1), to_text(env, args[0]));
  return undefined(env);
}

napi_value engine_set_admission(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  if (const Ref<EngineHost> host = host_of(env, args.self)) {
    host->engine->set_admission(static_cast<uint32_t>(to_count(env, args[0])));
  }
  return undefined(env);
}

// setRoot(root, site, rules)
napi_value engine_set_root(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  Ref<Root> root = unwrap<Root>(env, handles(env).root, args[0]);
  if (host) host->engine->set_root(site_at(env, args, 1), std::move(root), read_evidence(env, args[2]));
  return undefined(env);
}

napi_value engine_used(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  return boolean(env, host && host->engine->used(to_count(env, args[0])));
}

napi_value engine_transfer(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  Ref<Reply> reply = read_transfer(env, args.values + 1);
  if (!host || !reply) {
    return throw_type(env, "transfer(socketFd, file, sendfile, start, end): not an open file or a span outside it");
  }
  const int64_t id = host->engine->transfer(static_cast<int>(to_number(env, args[0])), std::move(reply));
  if (id < 0) return throw_errno(env, static_cast<int>(-id), "fcntl", "socket");
  return number(env, static_cast<double>(id));
}

napi_value engine_cancel(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  if (const Ref<EngineHost> host = host_of(env, args.self)) host->engine->cancel(to_count(env, args[0]));
  return undefined(env);
}

// listen(descriptors, tls, proxyFrom)
napi_value engine_listen(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host) return throw_type(env, "listen: the engine is closed");
  auto entrance = make_ref<Entrance>();
  entrance->tls = to_boolean(env, args[1]);
  entrance->proxied = is_type(env, args[2], napi_object);
  for (uint32_t i = 0; entrance->proxied && i < length(env, args[2]); ++i) {
    if (!entrance->proxies.add(to_text(env, element(env, args[2], i)))) return throw_type(env, "listen: not a network");
  }
  std::vector<int> descriptors;
  for (uint32_t i = 0; i < length(env, args[0]); ++i) {
    descriptors.push_back(static_cast<int>(to_number(env, element(env, args[0], i))));
  }
  const int error = host->engine->listen(descriptors, entrance);
  return error == 0 ? undefined(env) : throw_errno(env, error, "listen", "a duplicate of the socket");
}

// logAccess(writer or undefined, format)
napi_value engine_log_access(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  const Ref<LineWriter> writer = read_line_writer(env, args[0]);
  const Ref<const LogFormat> format = writer ? read_log_format(env, args[1]) : Ref<const LogFormat>();
  if (writer && !format) return throw_type(env, "logAccess(writer, format): not a format");
  if (host) host->engine->log_access(writer, format);
  return undefined(env);
}

// useTls(tls)
napi_value engine_use_tls(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host || openssl_version().empty()) return throw_type(env, "useTls: no OpenSSL here");
  const std::string error = host->engine->use_tls(read_tls(env, args[0]));
  return error.empty() ? undefined(env) : throw_type(env, ("TLS: " + error).c_str());
}

napi_value engine_stats(napi_env env, napi_callback_info info) {
  const Ref<EngineHost> host = host_of(env, Arguments(env, info).self);
  void* data = nullptr;
  napi_value buffer, array = nullptr;
  napi_create_arraybuffer(env, Counters::kSize * sizeof(double), &data, &buffer);
  napi_create_typedarray(env, napi_float64_array, Counters::kSize, buffer, 0, &array);
  if (host) host->engine->stats(static_cast<double*>(data));
  return array;
}

napi_value engine_stop(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->stop(static_cast<int64_t>(to_count(env, args[0])));
  return undefined(env);
}

napi_value engine_retire(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->retire(static_cast<int64_t>(to_count(env, args[0])));
  return undefined(env);
}

// By close(), or by the end of the environment, whichever comes first.
void end(void* data) {
  const Ref<EngineHost> host = Ref<EngineHost>::adopt(static_cast<EngineHost*>(data));
  host->engine.reset();
  napi_release_threadsafe_function(host->wake, napi_tsfn_abort);
}

napi_value engine_close(napi_env env, napi_callback_info info) {
  const napi_value self = Arguments(env, info).self;
  const Ref<EngineHost> host = host_of(env, self);
  drop<EngineHost>(env, self);
  if (!host) return undefined(env);
  napi_remove_env_cleanup_hook(env, end, host.get());
  end(host.get());
  return undefined(env);
}

napi_value engine_threads(napi_env env, napi_callback_info info) {
  const Ref<EngineHost> host = host_of(env, Arguments(env, info).self);
  return number(env, host ? static_cast<double>(host->engine->threads()) : 0);
}

napi_value engine_unref(napi_env env, napi_callback_info info) {
  if (const Ref<EngineHost> host = host_of(env, Arguments(env, info).self)) {
    napi_unref_threadsafe_function(env, host->wake);
  }
  return undefined(env);
}

void deliver(napi_env env, napi_value callback, void* context, void*) {
  if (!env) return;
  const Ref<EngineHost> host(static_cast<EngineHost*>(context));
  if (!host->engine) return;
  const std::vector<Record> records = host->engine->take_records();
  if (records.empty()) return;
  const napi_value batch = to_batch(env, records);
  host->engine->begin_batch();
  napi_call_function(env, undefined(env), callback, 1, &batch, nullptr);
  // The callback may have closed the engine.
  if (host->engine) host->engine->end_batch();
}

// createEngine(root, symlinks, threads, limits, fields, errors, onRecords, keeping, hosts)
napi_value create_engine(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const uint64_t threads = to_count(env, args[2]);
  EngineSetup setup;
  if (threads < 1 || threads > 64 || !is_type(env, args[6], napi_function) || !read_setup(env, args, setup)) {
    return throw_type(env, "createEngine(root, symlinks, threads 1–64, limits, fields, errors, onRecords, keeping, hosts)");
  }
  auto host = make_ref<EngineHost>();
  if (napi_create_threadsafe_function(env, args[6], nullptr, text(env, "zcserve:records"), 0, 1, nullptr, nullptr,
                                      host.get(), deliver, &host->wake) != napi_ok) {
    return throw_errno(env, EAGAIN, "createEngine", "records");
  }
  const napi_threadsafe_function wake = host->wake;
  host->engine = std::make_unique<Engine>(std::move(setup), threads, [wake] {
    napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking);
  });
  if (host->engine->threads() == 0) {
    const int shortage = host->engine->shortage();
    host->engine.reset();
    napi_release_threadsafe_function(wake, napi_tsfn_abort);
    return throw_errno(env, shortage, "createEngine", "thread");
  }
  // An engine that nobody closes serves until the environment ends, even if its object is collected.
  host->retain();
  napi_add_env_cleanup_hook(env, end, host.get());
  return wrap(env, handles(env).engine, host);
}

}  // namespace

void define_engine(napi_env env, napi_value exports) {
  handles(env).engine = define_handle(
      env, "Engine",
      {getter("threads", engine_threads), method("listen", engine_listen), method("useTls", engine_use_tls),
       method("logAccess", engine_log_access), method("reply", engine_reply),
       method("replyAll", engine_reply_all),
       method("receive", engine_receive), method("watch", engine_watch), method("feed", engine_feed),
       method("feedFile", engine_feed_file),
       method("finishFeed", engine_finish_feed), method("add", engine_add), method("put", engine_put),
       method("remove", engine_remove), method("putDirectory", engine_put_directory),
       method("removeDirectory", engine_remove_directory),
       method("putTemplate", engine_put_template), method("setAdmission", engine_set_admission),
       method("setRoot", engine_set_root),
       method("used", engine_used), method("transfer", engine_transfer),
       method("cancel", engine_cancel), method("stats", engine_stats), method("stop", engine_stop), method("retire", engine_retire),
       method("unref", engine_unref), method("close", engine_close)});
  export_function(env, exports, "createEngine", create_engine);
}

}  // namespace zc::js
