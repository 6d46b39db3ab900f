#include "engine/introduction.h"

#include "net/proxy_header.h"

namespace zc {

static_assert(kMaxProxyHeader <= Turn::kScratch);

// The header is looked at where it lies, until it is whole: what follows is for whoever reads next, TLS among them.
void Introduction::on_events(const StreamEvents& events) {
  if (events.broken) return close();
  char* const bytes = service_.turn().scratch.get();
  const Io io = stream_->peek(bytes, kMaxProxyHeader);
  if (io.result == Io::again) return;
  if (io.result != Io::moved) return close();
  const ProxyHeader header = parse_proxy_header({bytes, io.bytes});
  switch (header.result) {
    case ProxyHeader::more:
      if (events.ended) close();
      return;
    case ProxyHeader::bad:
      service_.counters().rejected.add(1);
      service_.records().add(Record::unproxied).code = static_cast<uint32_t>(Unproxied::header);
      return close();
    case ProxyHeader::whole:
      break;
  }
  if (!take(header.size)) return close();
  if (header.has_peer) stream_->set_peer(header.peer);
  if (!next_.welcome(*this, std::move(stream_), tls_, refused_, events)) close();
}

bool Introduction::take(size_t bytes) {
  while (bytes > 0) {
    const Io io = stream_->receive(service_.turn().scratch.get(), bytes);
    if (io.result != Io::moved) return false;
    bytes -= io.bytes;
  }
  return true;
}

void Introduction::on_timeout() {
  service_.count_timeout();
  close();
}

}  // namespace zc
