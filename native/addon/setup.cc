#include "addon/setup.h"

#include "http1/head.h"
#include "net/openssl.h"

namespace zc::js {
namespace {

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

// [{ names, root, symlinks, revalidateMs, downloads, live }, …]
bool read_hosts(napi_env env, napi_value from, EngineSetup& setup) {
  for (uint32_t i = 0; i < length(env, from); ++i) {
    const napi_value host = element(env, from, i), names = get(env, host, "names");
    const auto number = static_cast<uint32_t>(setup.sites.size());
    for (uint32_t at = 0; at < length(env, names); ++at) setup.hosts.add(to_text(env, element(env, names, at)), number);
    SiteSetup site;
    site.root = unwrap<Root>(env, handles(env).root, get(env, host, "root"));
    if (!site.root || !to_symlinks(env, get(env, host, "symlinks"), site.symlinks)) return false;
    site.revalidate = static_cast<int64_t>(to_count(env, get(env, host, "revalidateMs")));
    site.downloads = to_boolean(env, get(env, host, "downloads"));
    site.live = to_boolean(env, get(env, host, "live"));
    setup.sites.push_back(std::move(site));
  }
  return true;
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

}  // namespace

bool read_setup(napi_env env, const Arguments& args, EngineSetup& setup) {
  SiteSetup site;
  site.root = unwrap<Root>(env, handles(env).root, args[0]);
  if (!site.root || !to_symlinks(env, args[1], site.symlinks)) return false;
  site.revalidate = static_cast<int64_t>(to_count(env, get(env, args[3], "revalidateMs")));
  site.downloads = to_boolean(env, get(env, args[3], "downloads"));
  site.live = to_boolean(env, get(env, args[3], "live"));
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
  limits.sendfile_min = limit("sendfileMin");
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
  read_keeping(env, args[7], setup.keeping);
  return limits.send_chunk > 0 && limits.parse.max_head > 0 && read_hosts(env, args[8], setup);
}

TlsSetup read_tls(napi_env env, napi_value from) {
  const napi_value identities = get(env, from, "identities");
  TlsSetup setup;
  for (uint32_t i = 0; i < length(env, identities); ++i) {
    setup.identities.push_back(read_identity(env, element(env, identities, i)));
  }
  setup.min_version = to_utf8(env, get(env, from, "minVersion")) == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
  setup.ciphers = to_utf8(env, get(env, from, "ciphers"));
  setup.suites = to_utf8(env, get(env, from, "suites"));
  setup.groups = to_utf8(env, get(env, from, "curves"));
  setup.http2 = to_boolean(env, get(env, from, "http2"));
  return setup;
}

}  // namespace zc::js
