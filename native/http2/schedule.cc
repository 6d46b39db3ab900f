#include "http2/schedule.h"

namespace zc {

Http2Stream* Schedule::first() const {
  for (const Line& line : lines_) {
    if (line.first) return line.first;
  }
  return nullptr;
}

void Schedule::add(Http2Stream& stream) {
  Line& line = lines_[stream.priority.urgency];
  Http2Stream* before = line.last;
  while (before && !stream.priority.incremental && !before->priority.incremental && before->number > stream.number) {
    before = before->previous;
  }
  stream.previous = before;
  stream.next = before ? before->next : line.first;
  (before ? before->next : line.first) = &stream;
  (stream.next ? stream.next->previous : line.last) = &stream;
  ++count_;
}

void Schedule::remove(Http2Stream& stream) {
  Line& line = lines_[stream.priority.urgency];
  (stream.previous ? stream.previous->next : line.first) = stream.next;
  (stream.next ? stream.next->previous : line.last) = stream.previous;
  stream.next = stream.previous = nullptr;
  --count_;
}

void Schedule::rotate(Http2Stream& stream) {
  if (!stream.priority.incremental) return;
  remove(stream);
  add(stream);
}

}  // namespace zc
