// HTTP/1 on a stream: receive a head, have it answered, send the answer; the next one, or the end. RFC 9112.
#pragma once
#include "http/lifetime.h"
#include "http/lingering.h"
#include "http1/body_reader.h"
#include "http1/gathered.h"
#include "http1/parser.h"
#include "http1/sender.h"

namespace zc {

class Http1Connection final : public Connection {
 public:
  Http1Connection(Service& service, std::unique_ptr<Stream> stream);

  /** It is watched: the first head may come, of which this much is here. */
  void begin(std::string_view received = {}) {
    input_.assign(received);
    arm(limits_.header_timeout);
  }

  Stream& stream() override { return *stream_; }
  void on_events(const StreamEvents& events) override;
  void on_turn() override { advance(); }
  void on_timeout() override;
  void on_answer(Exchange& exchange, Ref<const Reply> reply) override;
  void on_receive(Exchange& exchange, uint64_t most) override;
  void on_watch(Exchange& exchange) override;
  void on_paged(Exchange& exchange) override;
  void on_fed(Exchange& exchange) override;
  void stop() override;
  void abandon(ExchangeEnd why) override;
  /** An answer without a request, the last. */
  void refuse(int status);

 private:
  enum class State : uint8_t {
    receive,  // a request head
    answer,   // TypeScript plans the answer
    content,  // it waits for the request's content
    send,     // it is sent, as far as it goes
    drain,    // the rest of a request body
    linger,   // our side is shut; what the client still sends is dropped so that no reset eats our answer
  };

  /** What a head says of the content behind it, until that is received. */
  struct Framing {
    bool chunked = false;
    bool expects_continue = false;
    bool keep_alive = false;
    uint64_t length = 0;

    bool has_content() const { return chunked || length > 0; }
  };
  /** Content that is being received. */
  struct Intake {
    std::string bytes;
    std::string_view interim;  // what is left to say before it comes
  };

  // connection.cc, answer.cc
  void advance();
  void run_turn();
  bool receive_head();
  bool parse_next(std::string_view data, bool buffered);
  Ref<const Reply> accept(const ParsedHead& head);
  bool is_left() const;
  void start_reply(Ref<const Reply> reply);
  bool gather(Ref<const Reply>& reply, HeadEnd end);
  bool leave();
  bool send();
  bool finish_reply();
  void await_head();
  bool drain_body();

  // content.cc
  Content content_at_hand();
  bool receive_content();
  bool say_continue();
  void take_framing();
  void finish_content(Received how);
  void abandon_content();

  void linger();
  void wait_for_end();
  void drop_input();
  void arm(int64_t ms) { service_.arm(*this, ms); }
  void close() { service_.close(*this); }

  std::string_view pending() const { return std::string_view(input_).substr(used_); }
  void append(std::string_view received);
  void consume(size_t bytes);

  Service& service_;
  const ConnectionLimits& limits_;
  const std::unique_ptr<Stream> stream_;
  Lifetime lifetime_;
  State state_ = State::receive;
  Input incoming_;
  Lingering lingering_;
  bool close_after_ = false;   // this answer
  bool drops_input_ = false;   // closing with unread request bytes: linger
  bool has_body_ = false;      // a request body follows the head
  bool head_begun_ = false;    // the first byte of a head is here: its timeout runs
  bool judged_ = false;        // the client, for the head that is here: it may be read twice
  bool is_head_ = false;       // the request's method
  bool old_peer_ = false;      // HTTP/1.0
  bool corked_ = false;        // the last reply may wait in the stream for the next
  std::unique_ptr<Gathered> gathered_;  // those before it; from one event to another only where the stream is full
  std::string input_;          // received and not yet used
  size_t used_ = 0;            // of it
  ParseState parse_;
  Framing framing_;
  BodyDrain drain_;
  std::unique_ptr<Intake> intake_;
  Exchange exchange_;
  Sender sender_;
};

}  // namespace zc
