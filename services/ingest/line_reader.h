// The lines of a text file, without a copy each: a line is a view into a large buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ingest/byte_source.h"

namespace spillway::ingest {

class LineReader {
 public:
  static constexpr size_t kLineMax = 1 << 20;  // longer lines are an error: this is no text of rows
  static constexpr size_t kPadding = 64;       // bytes behind every line that may be read (not used), for wide loads

  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);
  explicit LineReader(std::unique_ptr<ByteSource> source);

  // The next line without its end ("\n" or "\r\n"); valid until the next call. False at the end and after an error.
  bool Next(std::string_view& line) {
    if (begin_ < end_) [[likely]] {
      const char* const from = buffer_.data() + begin_;
      const void* const found = __builtin_memchr(from, '\n', end_ - begin_);
      if (found != nullptr) [[likely]] {
        Take(from, static_cast<const char*>(found), 1, line);
        return true;
      }
    }
    return NextAcrossRefill(line);
  }
  const absl::Status& status() const { return status_; }

  uint64_t line_number() const { return line_number_; }  // of the last line, from 1
  std::string Where() const;                             // "SOUN.csv:14"
  const ByteSource& source() const { return *source_; }

 private:
  void Take(const char* from, const char* to, size_t terminator, std::string_view& line) {
    begin_ = static_cast<size_t>(to - buffer_.data()) + terminator;
    ++line_number_;
    if (to != from && to[-1] == '\r') --to;
    line = std::string_view(from, static_cast<size_t>(to - from));
  }
  bool NextAcrossRefill(std::string_view& line);
  bool Refill();  // appends bytes behind end_; false at the end of the file or on an error

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of the unread part
  size_t end_ = 0;
  uint64_t line_number_ = 0;
  bool ended_ = false;
  absl::Status status_;
};

}  // namespace spillway::ingest
