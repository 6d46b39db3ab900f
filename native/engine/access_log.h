// The access log of one thread: a line for each exchange that ends, handed over once a turn.
#pragma once
#include "base/line_writer.h"
#include "http/access_format.h"
#include "http/service.h"

namespace zc {

class AccessLog {
 public:
  explicit AccessLog(uint32_t thread) : thread_(thread) {}

  /** From now on (null: none). */
  void use(Ref<LineWriter> writer, Ref<const LogFormat> format);
  /** Bits of the fields that are to be noted of a request. */
  FieldSet fields() const { return format_ ? format_->fields : 0; }
  /** Not of one that sends a body for somebody else. */
  void add(Exchange& exchange, ExchangeEnd how, const Turn& turn);
  void end_turn();

 private:
  const uint32_t thread_;
  Ref<LineWriter> writer_;
  Ref<const LogFormat> format_;
  LogClock clock_;
  std::string text_;
  uint64_t lines_ = 0;  // in it
  uint64_t number_ = 0;
};

}  // namespace zc
