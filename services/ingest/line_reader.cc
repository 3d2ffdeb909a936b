#include "services/ingest/line_reader.h"

#include <cstring>

#include "fmt/format.h"

namespace spillway::ingest {
namespace {
constexpr size_t kBuffer = 256 * 1024;  // stays in the second-level cache
}

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<ByteSource>> source = ByteSource::Open(path);
  if (!source.ok()) return source.status();
  return std::make_unique<LineReader>(*std::move(source));
}

LineReader::LineReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)), buffer_(kBuffer + kPadding) {}

std::string LineReader::Where() const {
  return fmt::format("{}:{}", source_->path(), line_number_);
}

bool LineReader::Refill() {
  if (ended_ || !status_.ok()) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ + kPadding == buffer_.size()) {
    if (end_ >= kLineMax) {
      status_ = absl::InvalidArgumentError(fmt::format("{}:{}: no end of line within {} bytes: expected text of rows",
                                                       source_->path(), line_number_ + 1, kLineMax));
      return false;
    }
    buffer_.resize(2 * end_ + kPadding);
  }
  absl::StatusOr<size_t> n = source_->Read(std::span(buffer_).subspan(end_, buffer_.size() - kPadding - end_));
  if (!n.ok()) {
    status_ = n.status();
    return false;
  }
  if (*n == 0) ended_ = true;
  end_ += *n;
  return *n > 0;
}

bool LineReader::NextAcrossRefill(std::string_view& line) {
  size_t searched = end_ - begin_;
  while (Refill()) {
    const char* const from = buffer_.data() + begin_;
    const void* const found = std::memchr(from + searched, '\n', end_ - begin_ - searched);
    if (found != nullptr) {
      Take(from, static_cast<const char*>(found), 1, line);
      return true;
    }
    searched = end_ - begin_;
  }
  if (!status_.ok() || begin_ == end_) return false;
  Take(buffer_.data() + begin_, buffer_.data() + end_, 0, line);  // the last line has no end
  return true;
}

}  // namespace spillway::ingest
