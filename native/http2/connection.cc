#include "http2/connection.h"

namespace zc {

void Http2Connection::on_events(const StreamEvents&) {
  std::string output;
  append_settings(output, {});
  append_goaway(output, 0, ErrorCode::http_1_1_required);
  const iovec part{output.data(), output.size()};
  stream_->send_vector(&part, 1, false);
  service_.close(*this);
}

}  // namespace zc
