#include "services/ingest/binary_reader.h"

#include "fmt/format.h"

namespace spillway::ingest {
namespace {
constexpr size_t kBuffer = 256 * 1024;
}

absl::StatusOr<std::unique_ptr<BinaryReader>> BinaryReader::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<ByteSource>> source = ByteSource::Open(path);
  if (!source.ok()) return source.status();
  return std::make_unique<BinaryReader>(*std::move(source));
}

BinaryReader::BinaryReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)), buffer_(kBuffer) {}

std::string BinaryReader::Where() const {
  return fmt::format("{}: byte {}{}", source_->path(), offset_, source_->compressed() ? " (decompressed)" : "");
}

void BinaryReader::Fill(size_t size) {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < size) buffer_.resize(size);
  while (end_ < size && !ended_ && status_.ok()) {
    absl::StatusOr<size_t> n = source_->Read(std::span(buffer_).subspan(end_));
    if (!n.ok()) {
      status_ = n.status();
    } else {
      ended_ = *n == 0;
      end_ += *n;
    }
  }
}

}  // namespace spillway::ingest
