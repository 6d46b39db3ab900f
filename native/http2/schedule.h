// Whose bytes go next among the streams that have some: by urgency, then in turn. RFC 9218 §10.
#pragma once
#include "http2/streams.h"

namespace zc {

class Schedule {
 public:
  bool empty() const { return count_ == 0; }
  Http2Stream* first() const;
  /** Those that share go behind the others of their urgency, those that do not in the order of their numbers. */
  void add(Http2Stream& stream);
  void remove(Http2Stream& stream);
  /** It had its share: the next one's turn. */
  void rotate(Http2Stream& stream);
  /** In order; the one that is visited may be removed. */
  template <class Visit>
  void each(Visit visit) {
    for (const Line& line : lines_) {
      for (Http2Stream *stream = line.first, *next; stream; stream = next) {
        next = stream->next;
        visit(*stream);
      }
    }
  }

 private:
  struct Line {
    Http2Stream *first = nullptr, *last = nullptr;
  };

  Line lines_[Priority::kUrgencies];
  size_t count_ = 0;
};

}  // namespace zc
