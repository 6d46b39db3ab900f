// What the engine's owner, and the pager, tell a thread.
#pragma once
#include <string>
#include <vector>

#include "base/line_writer.h"
#include "base/mailbox.h"
#include "base/ref.h"
#include "base/unique_fd.h"
#include "engine/acceptor.h"
#include "engine/kept_files.h"
#include "files/root.h"
#include "http/access_format.h"
#include "http/directory.h"
#include "http/feed.h"
#include "http/file_template.h"
#include "http/reply.h"
#include "net/tls_context.h"

namespace zc {

struct Command {
  enum Kind : uint8_t {
    listen,
    reply,
    reply_all,
    put,
    remove,
    put_directory,
    remove_directory,
    put_template,
    set_admission,
    keep,
    set_root,
    set_tls,
    log_access,
    transfer,
    cancel,
    paged,
    feed,
    finish_feed,
    fail_feed,
    receive,
    watch,
    retire,
    stop
  };
  Kind kind;
  uint64_t id = 0;  // reply, receive, watch, paged, finish_feed, fail_feed: of an exchange; transfer, cancel: of a transfer; set_admission: uses; put_template: a group
  uint64_t most = 0;  // bytes to receive
  uint32_t site = 0;  // of what is put or removed, and of a root
  Ref<Reply> reply_value;
  FeedPiece piece;            // of feeds
  std::vector<uint64_t> ids;  // reply_all, feed: of exchanges
  Ref<HotEntry> entry;
  Ref<Directory> directory;
  Ref<FileTemplate> file_template;
  Ref<KeptFile> kept;
  Ref<Root> new_root;
  Ref<TlsContext> new_tls;
  Ref<LineWriter> log;
  Ref<const LogFormat> log_format;
  std::vector<Evidence> evidence;  // set_root: what stands in it
  std::string path;  // put_template: an extension
  UniqueFd fd;
  Ref<const Entrance> entrance;  // of the listener fd
  int64_t grace = 0;  // ms; of stop, negative: at once, without records
};

/** A thread's mailbox. It lives as long as anybody may still write. */
struct Inbox : RefCounted {
  Mailbox<Command> mailbox;
};

}  // namespace zc
