#include "engine/access_log.h"

namespace zc {

void AccessLog::use(Ref<LineWriter> writer, Ref<const LogFormat> format) {
  end_turn();
  writer_ = std::move(writer);
  format_ = std::move(format);
}

void AccessLog::add(Exchange& exchange, ExchangeEnd how, const Turn& turn) {
  if (!format_ || exchange.transfer != 0) return;
  clock_.update(turn.wall);
  // A thread's are 2^40 apart from the next one's.
  const uint64_t number = (uint64_t{thread_} << 40) + ++number_;
  Stream& stream = exchange.connection.stream();
  append_line(*format_, {exchange, how, stream.peer(), stream.tls(), turn.now, clock_, number}, text_);
  ++lines_;
}

void AccessLog::end_turn() {
  if (lines_ == 0) return;
  writer_->write(text_, lines_);
  text_.clear();
  lines_ = 0;
}

}  // namespace zc
