// The addon's Engine: replies and hot entries in, records out.
#include <cerrno>
#include <memory>

#include "addon/lines.h"
#include "addon/records.h"
#include "addon/replies.h"
#include "addon/templates.h"
#include "engine/engine.h"
#include "http1/head.h"
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

napi_value engine_reply(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host) return undefined(env);
  Ref<Reply> reply = read_reply(env, args.values + 1);
  if (!reply) return throw_type(env, "reply(id, …): a released file or memory, or a span outside it");
  host->engine->reply(to_count(env, args[0]), std::move(reply));
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

// setRoot(root, site)
napi_value engine_set_root(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (host) host->engine->set_root(site_at(env, args, 1), unwrap<Root>(env, handles(env).root, args[0]));
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

TlsIdentity read_identity(napi_env env, napi_value from) {
  TlsIdentity identity;
  identity.host = static_cast<uint32_t>(to_count(env, get(env, from, "site")));
  const napi_value names = get(env, from, "names"), pairs = get(env, from, "pairs");
  for (uint32_t i = 0; i < length(env, names); ++i) identity.names.push_back(to_utf8(env, element(env, names, i)));
  for (uint32_t i = 0; i + 2 < length(env, pairs); i += 3) {
    TlsPair pair{to_utf8(env, element(env, pairs, i)), to_utf8(env, element(env, pairs, i + 1)), {}};
    void* staple = nullptr;
    size_t size = 0;
    const bool stapled = napi_get_typedarray_info(env, element(env, pairs, i + 2), nullptr, &size, &staple, nullptr, nullptr) == napi_ok;
    if (stapled) pair.staple.assign(static_cast<const char*>(staple), size);
    identity.pairs.push_back(std::move(pair));
  }
  return identity;
}

// useTls(tls)
napi_value engine_use_tls(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const Ref<EngineHost> host = host_of(env, args.self);
  if (!host || openssl_version().empty()) return throw_type(env, "useTls: no OpenSSL here");
  const napi_value from = args[0], identities = get(env, from, "identities");
  TlsSetup setup;
  for (uint32_t i = 0; i < length(env, identities); ++i) {
    setup.identities.push_back(read_identity(env, element(env, identities, i)));
  }
  setup.min_version = to_utf8(env, get(env, from, "minVersion")) == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
  setup.ciphers = to_utf8(env, get(env, from, "ciphers"));
  setup.suites = to_utf8(env, get(env, from, "suites"));
  setup.groups = to_utf8(env, get(env, from, "curves"));
  setup.http2 = to_boolean(env, get(env, from, "http2"));
  const std::string error = host->engine->use_tls(std::move(setup));
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

// { arena, files, bytes, uses }
void read_keeping(napi_env env, napi_value from, Keeping& keeping) {
  if (!is_type(env, from, napi_object)) return;
  keeping.arena = unwrap<Arena>(env, handles(env).arena, get(env, from, "arena"));
  keeping.files = to_count(env, get(env, from, "files"));
  keeping.bytes = to_count(env, get(env, from, "bytes"));
  keeping.uses = static_cast<uint32_t>(to_count(env, get(env, from, "uses")));
}

// { requests, periodMs, burst }
void read_rate(napi_env env, napi_value from, RequestRate& rate) {
  if (!is_type(env, from, napi_object)) return;
  rate.requests = to_count(env, get(env, from, "requests"));
  rate.period = static_cast<int64_t>(to_count(env, get(env, from, "periodMs")));
  rate.burst = to_count(env, get(env, from, "burst"));
}

bool read_networks(napi_env env, napi_value from, Networks& networks) {
  for (uint32_t i = 0; i < length(env, from); ++i) {
    if (!networks.add(to_utf8(env, element(env, from, i)))) return false;
  }
  return true;
}

bool read_setup(napi_env env, const Arguments& args, EngineSetup& setup) {
  SiteSetup site;
  site.root = unwrap<Root>(env, handles(env).root, args[0]);
  if (!site.root || !to_symlinks(env, args[1], site.symlinks)) return false;
  site.revalidate = static_cast<int64_t>(to_count(env, get(env, args[3], "revalidateMs")));
  setup.sites.push_back(std::move(site));
  const auto limit = [&](const char* name) { return to_count(env, get(env, args[3], name)); };
  ConnectionLimits& limits = setup.limits;
  limits.parse.max_head = static_cast<uint32_t>(limit("maxHeaderSize"));
  limits.parse.max_target = static_cast<uint32_t>(limit("maxTargetSize"));
  setup.max_connections = limit("maxConnections");
  limits.header_timeout = static_cast<int64_t>(limit("headerTimeoutMs"));
  limits.keep_alive_timeout = static_cast<int64_t>(limit("keepAliveTimeoutMs"));
  limits.send_timeout = static_cast<int64_t>(limit("sendTimeoutMs"));
  limits.keep_alive_requests = limit("keepAliveRequests");
  limits.keep_alive_life = static_cast<int64_t>(limit("keepAliveLifeMs"));
  limits.max_drain = limit("maxDrain");
  limits.pace = {limit("limitRate"), limit("limitRateAfter")};
  setup.max_of_client = limit("maxConnectionsPerAddress");
  read_rate(env, get(env, args[3], "requestRate"), setup.rate_of_client);
  if (!read_networks(env, get(env, args[3], "allow"), setup.allowed)) return false;
  if (!read_networks(env, get(env, args[3], "deny"), setup.denied)) return false;
  limits.judges_clients = setup.rate_of_client.requests > 0 || !setup.allowed.empty() || !setup.denied.empty();
  limits.send_chunk = limit("sendfileMaxChunk");
  setup.h2c = to_boolean(env, get(env, args[3], "h2c"));
  limits.verify_sendfile = to_boolean(env, get(env, args[3], "verifySendfile"));
  limits.server_timing = to_boolean(env, get(env, args[3], "serverTiming"));
  for (uint32_t i = 0; i < length(env, args[4]); ++i) {
    const std::string name = to_text(env, element(env, args[4], i));
    const Field field = name.empty() ? kFieldCount : find_field(name);
    if (field == kFieldCount) return false;
    limits.planned |= bit(field);
  }
  for (uint32_t i = 0; i < length(env, args[5]); ++i) {
    const napi_value error = element(env, args[5], i);
    auto reply = make_ref<Reply>();
    const int found = static_cast<int>(to_count(env, element(env, error, 0)));
    reply->status = static_cast<uint16_t>(to_count(env, element(env, error, 1)));
    reply->fields = to_text(env, element(env, error, 2));
    const std::string body = to_utf8(env, element(env, error, 3));
    reply->way = Way::bytes;
    reply->memory = Ref<Memory>(new HeapBytes(body));
    reply->span = {0, body.size()};
    reply->close = true;
    const unsigned status = reply->status;
    if (status_line(status).empty()) return false;
    setup.errors[found] = std::move(reply);
  }
  return limits.send_chunk > 0 && limits.parse.max_head > 0;
}

// [{ names, root, symlinks, revalidateMs }, …]
bool read_hosts(napi_env env, napi_value from, EngineSetup& setup) {
  for (uint32_t i = 0; i < length(env, from); ++i) {
    const napi_value host = element(env, from, i), names = get(env, host, "names");
    const auto number = static_cast<uint32_t>(setup.sites.size());
    for (uint32_t at = 0; at < length(env, names); ++at) setup.hosts.add(to_text(env, element(env, names, at)), number);
    SiteSetup site;
    site.root = unwrap<Root>(env, handles(env).root, get(env, host, "root"));
    if (!site.root || !to_symlinks(env, get(env, host, "symlinks"), site.symlinks)) return false;
    site.revalidate = static_cast<int64_t>(to_count(env, get(env, host, "revalidateMs")));
    setup.sites.push_back(std::move(site));
  }
  return true;
}

// createEngine(root, symlinks, threads, limits, fields, errors, onRecords, keeping, hosts)
napi_value create_engine(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  const uint64_t threads = to_count(env, args[2]);
  EngineSetup setup;
  if (threads < 1 || threads > 64 || !is_type(env, args[6], napi_function) || !read_setup(env, args, setup) ||
      !read_hosts(env, args[8], setup)) {
    return throw_type(env, "createEngine(root, symlinks, threads 1–64, limits, fields, errors, onRecords, keeping, hosts)");
  }
  read_keeping(env, args[7], setup.keeping);
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
       method("logAccess", engine_log_access), method("reply", engine_reply), method("add", engine_add), method("put", engine_put),
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
