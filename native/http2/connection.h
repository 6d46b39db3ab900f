// HTTP/2 on a stream: frames in, frames out. RFC 9113.
#pragma once
#include <array>

#include "http/lifetime.h"
#include "http/lingering.h"
#include "http2/batch.h"
#include "http2/floods.h"
#include "http2/output.h"
#include "http2/request.h"
#include "http2/schedule.h"

namespace zc {

class Http2Connection final : public Connection {
 public:
  Http2Connection(Service& service, std::unique_ptr<Stream> stream);

  /** It is watched: the preface may come, of which this much is here, and what follows it. */
  void begin(std::string_view received = {});

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_turn() override { advance(); }
  void on_timeout() override;
  void on_answer(Exchange& exchange, Ref<const Reply> reply) override;
  void on_receive(Exchange& exchange, uint64_t most) override;
  void on_watch(Exchange&) override { service_.requeue(*this); }
  void on_paged(Exchange& exchange) override;
  void on_fed(Exchange& exchange) override;
  void retire() override;
  void stop() override;
  void abandon(ExchangeEnd why) override;

 private:
  enum class State : uint8_t {
    preface,   // the client's first bytes
    settings,  // its first frame
    open,
    closing,  // nothing is read any more; what is to be sent goes
    linger,   // our side is shut; what the client still sends is dropped so that no reset eats our last words
  };
  /** What has its time, beside the streams. */
  enum Wait : uint8_t { kFrame, kAcknowledgement, kIdle, kFarewell, kOutput, kWindow, kLinger, kWaits };

  /** A header block that is not whole yet (RFC 9113 §4.3). */
  struct Block {
    uint32_t stream = 0;  // 0: there is none
    bool ends_stream = false;
    uint32_t fragments = 0;
    std::string bytes;
  };

  // connection.cc: bytes in, and the end.
  bool is_open() const { return state_ < State::closing; }
  void advance();
  void receive();
  size_t take(std::string_view bytes);
  std::optional<Violation> judge(const FrameHead& head) const;
  void end_stranded();
  void say_goaway(ErrorCode error);
  void announce_end();
  void finish();
  void fail(ErrorCode error, ExchangeEnd how = ExchangeEnd::gone);
  void leave();
  void part();
  void drop_input();
  void close() { service_.close(*this); }

  // deadlines.cc: what takes too long.
  void expect(Wait what, int64_t ms);
  void expect(Http2Stream& stream, int64_t ms);
  void forget(Wait what) { deadlines_[what].reset(); }
  void note_waits(bool in_frame);
  void wake(int64_t at);
  void wake_for_next();
  bool is_over(const std::optional<int64_t>& deadline) const { return deadline && service_.turn().now > *deadline; }
  void end_overdue(Http2Stream& stream);

  // frames.cc: what is of the connection, and of what a stream may send.
  void on_frame(const FrameHead& head, std::string_view payload);
  void on_settings(const Frame& frame);
  void on_window_update(const Frame& frame);
  void on_rst_stream(const Frame& frame);
  void on_priority_update(const Frame& frame);
  bool is_idle(uint32_t number) const { return number > last_stream_ || number % 2 == 0; }
  bool widen(Http2Stream& stream, int64_t by);
  void allow(bool allowed);

  // requests.cc: header blocks, and the bodies behind them.
  void on_headers(const Frame& frame);
  void on_continuation(const Frame& frame);
  void on_block(uint32_t number, bool ends, std::string_view bytes);
  void on_request(uint32_t number, bool ends, const HeaderList& list, bool too_large);
  void on_trailers(Http2Stream& stream, bool ends, const HeaderList& list);
  void on_data(const Frame& frame);
  void end_input(Http2Stream& stream);
  void refuse(Http2Stream& stream, int status);
  void refuse_stream(uint32_t number, ErrorCode error);
  void reset(Http2Stream& stream, ErrorCode error, ExchangeEnd how = ExchangeEnd::gone);
  void end(Http2Stream& stream, ExchangeEnd how);

  // content.cc: bodies that somebody may receive, and room for more.
  void ask(Http2Stream& stream, Request request);
  void put_questions();
  void keep_content(Http2Stream& stream, std::string_view bytes);
  std::string take_content(Http2Stream& stream);
  void finish_content(Http2Stream& stream, Received how);
  void open_input(Http2Stream& stream);
  void credit(uint32_t bytes);

  // answers.cc: what is sent, and in which order.
  void start(Http2Stream& stream, Ref<const Reply> reply);
  void add_early(const Http2Stream& stream, const Reply& early);
  void schedule(Http2Stream& stream);
  void unschedule(Http2Stream& stream, Http2Stream::State state);
  void send();
  void gather(Batch& batch);
  bool serve(Batch& batch, Http2Stream& stream, uint64_t most);
  void add_head(Batch& batch, Http2Stream& stream, bool ends);
  void add_body(Batch& batch, Http2Stream& stream, const iovec* parts, const BodyNext& next);
  void add_end(Batch& batch, Http2Stream& stream);
  void page(Http2Stream& stream);
  void settle_served();
  void finish(Http2Stream& stream);

  Service& service_;
  const ConnectionLimits& limits_;
  const std::unique_ptr<Stream> stream_;
  State state_ = State::preface;
  Input incoming_;
  Lingering lingering_;
  bool blocked_ = false;       // the stream has refused bytes and not said yet that it has room
  bool full_ = false;          // bytes of the last batch have not left
  bool retires_ = false;       // the client was asked to come anew; its PING comes back when it knows
  bool over_ = false;          // no new streams: the last answer ends the connection
  bool lingers_ = false;       // with bytes that the client may still be sending
  bool first_block_ = true;    // of ours: see kNoTable
  uint32_t last_stream_ = 0;   // the highest number
  uint32_t last_told_ = UINT32_MAX;  // the highest that is answered, as we have said
  Lifetime lifetime_;
  uint32_t batch_ = 0;
  int64_t window_ = kInitialWindow;        // bytes that the peer takes
  int64_t input_window_ = kInitialWindow;  // bytes that we take
  uint64_t unclaimed_ = 0;                 // bytes of bodies that are kept, and nobody has asked for
  std::array<std::optional<int64_t>, kWaits> deadlines_;
  int64_t wake_at_ = INT64_MAX;
  std::string timing_;  // field line of what every answer says of the connection, if it does
  std::string input_;   // received and not yet used
  Block block_;
  PeerSettings peer_;
  HpackDecoder decoder_;
  Floods floods_;
  Output output_;
  Http2Streams streams_;
  EarlyPriorities early_;
  Schedule schedule_;
  std::vector<std::pair<uint32_t, Request>> questions_;  // to be asked when what has come is read: by stream
  std::vector<Http2Stream*> served_;  // something of theirs is in this batch
};

}  // namespace zc
