#include "services/ingest/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace spillway::ingest {
namespace {

constexpr size_t kCompressedBuffer = 256 * 1024;

// An open file, and its first bytes that were read to tell what it is.
class RawFile {
 public:
  explicit RawFile(int descriptor) : descriptor_(descriptor) {}
  RawFile(RawFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        head_(other.head_),
        head_begin_(other.head_begin_),
        head_end_(other.head_end_) {}
  RawFile& operator=(RawFile&&) = delete;
  ~RawFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  absl::Status ReadHead(const std::string& path) {
    while (head_end_ < head_.size()) {
      const ssize_t n = ReadDescriptor(std::span(head_).subspan(head_end_));
      if (n < 0) return Failed(path);
      if (n == 0) break;
      head_end_ += static_cast<size_t>(n);
    }
    return absl::OkStatus();
  }
  bool StartsWith(std::initializer_list<uint8_t> magic) const {
    return head_end_ >= magic.size() && std::equal(magic.begin(), magic.end(), head_.begin(),
                                                   [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
  }
  uint8_t head(size_t i) const { return static_cast<uint8_t>(head_[i]); }
  size_t head_size() const { return head_end_; }

  absl::StatusOr<size_t> Read(std::span<char> buffer, const std::string& path) {
    if (head_begin_ < head_end_) {
      const size_t n = std::min(buffer.size(), head_end_ - head_begin_);
      std::memcpy(buffer.data(), head_.data() + head_begin_, n);
      head_begin_ += n;
      return n;
    }
    const ssize_t n = ReadDescriptor(buffer);
    if (n < 0) return Failed(path);
    return static_cast<size_t>(n);
  }

 private:
  ssize_t ReadDescriptor(std::span<char> buffer) {
    ssize_t n;
    do {
      n = read(descriptor_, buffer.data(), buffer.size());
    } while (n < 0 && errno == EINTR);
    return n;
  }
  static absl::Status Failed(const std::string& path) {
    return absl::UnavailableError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  }

  int descriptor_;
  std::array<char, 4> head_{};
  size_t head_begin_ = 0;
  size_t head_end_ = 0;
};

class PlainSource final : public ByteSource {
 public:
  PlainSource(std::string path, uint64_t size, RawFile file)
      : ByteSource(std::move(path), size), file_(std::move(file)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    absl::StatusOr<size_t> n = file_.Read(buffer, path_);
    if (n.ok()) consumed_ += *n;
    return n;
  }

 private:
  RawFile file_;
};

// What gzip and zstd share: a buffer of compressed bytes that is refilled when it runs empty.
class CompressedSource : public ByteSource {
 public:
  bool compressed() const override { return true; }

 protected:
  CompressedSource(std::string path, uint64_t size, RawFile file)
      : ByteSource(std::move(path), size), file_(std::move(file)), input_(kCompressedBuffer) {}

  // False at the end of the file.
  absl::StatusOr<bool> Refill() {
    absl::StatusOr<size_t> n = file_.Read(input_, path_);
    if (!n.ok()) return n.status();
    begin_ = 0;
    end_ = *n;
    return *n > 0;
  }
  absl::Status Damaged(std::string_view what) const {
    return absl::DataLossError(fmt::format("{}: byte {}: {}", path_, consumed_, what));
  }

  RawFile file_;
  std::vector<char> input_;
  size_t begin_ = 0;  // of the unread part of input_
  size_t end_ = 0;
};

class ZstdSource final : public CompressedSource {
 public:
  ZstdSource(std::string path, uint64_t size, RawFile file)
      : CompressedSource(std::move(path), size, std::move(file)), stream_(ZSTD_createDStream()) {}
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0 && out.size > 0) {
      if (begin_ == end_ && !output_held_) {
        absl::StatusOr<bool> more = Refill();
        if (!more.ok()) return more.status();
        if (!*more && in_frame_) return Damaged("zstd data ends early: expected the rest of a frame");
        if (!*more) return size_t{0};
      }
      ZSTD_inBuffer in{input_.data(), end_, begin_};
      const size_t left = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(left)) return Damaged(fmt::format("zstd data is damaged: {}", ZSTD_getErrorName(left)));
      consumed_ += in.pos - begin_;
      begin_ = in.pos;
      in_frame_ = left != 0;
      output_held_ = in_frame_ && out.pos == out.size;
    }
    return out.pos;
  }

 private:
  ZSTD_DStream* stream_;
  bool in_frame_ = false;
  bool output_held_ = false;  // the decoder may hold output that did not fit; it comes before more input
};

class GzipSource final : public CompressedSource {
 public:
  GzipSource(std::string path, uint64_t size, RawFile file) : CompressedSource(std::move(path), size, std::move(file)) {
    constexpr int kGzipOnly = 16;
    inflateInit2(&stream_, kGzipOnly + MAX_WBITS);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const auto capacity = static_cast<uInt>(std::min<size_t>(buffer.size(), 1u << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = capacity;
    while (stream_.avail_out == capacity && capacity > 0) {
      if (begin_ == end_ && !output_held_) {
        absl::StatusOr<bool> more = Refill();
        if (!more.ok()) return more.status();
        if (!*more && in_member_) return Damaged("gzip data ends early: expected the rest of a member");
        if (!*more) return size_t{0};
      }
      if (!in_member_) inflateReset(&stream_);  // another member follows
      if (absl::Status status = Inflate(); !status.ok()) return status;
    }
    return capacity - stream_.avail_out;
  }

 private:
  absl::Status Inflate() {
    in_member_ = true;
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data() + begin_);
    stream_.avail_in = static_cast<uInt>(end_ - begin_);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    const size_t used = end_ - begin_ - stream_.avail_in;
    consumed_ += used;
    begin_ += used;
    const bool nothing_held = result == Z_BUF_ERROR && output_held_;  // no progress: it wants input after all
    output_held_ = result == Z_OK && stream_.avail_out == 0;
    if (result == Z_STREAM_END) {
      in_member_ = false;
    } else if (result != Z_OK && !nothing_held) {
      return Damaged(fmt::format("gzip data is damaged: {}", stream_.msg != nullptr ? stream_.msg : zError(result)));
    }
    return absl::OkStatus();
  }

  z_stream stream_{};
  bool in_member_ = false;
  bool output_held_ = false;  // as in ZstdSource
};

bool IsZstd(const RawFile& file) {
  if (file.StartsWith({0x28, 0xB5, 0x2F, 0xFD})) return true;
  // A skippable frame: 0x184D2A50 .. 0x184D2A5F, little-endian.
  return file.head_size() == 4 && (file.head(0) & 0xF0) == 0x50 && file.head(1) == 0x2A && file.head(2) == 0x4D &&
         file.head(3) == 0x18;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const std::string text = fmt::format("{}: cannot be opened: {}", path, std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(text) : absl::InvalidArgumentError(text);
  }
  RawFile file(descriptor);
  struct stat facts {};
  if (fstat(descriptor, &facts) == 0 && S_ISDIR(facts.st_mode)) {
    return absl::InvalidArgumentError(fmt::format("{}: is a directory, expected a file", path));
  }
  if (absl::Status status = file.ReadHead(path); !status.ok()) return status;
  const uint64_t size = S_ISREG(facts.st_mode) ? static_cast<uint64_t>(facts.st_size) : 0;
  if (IsZstd(file)) return std::make_unique<ZstdSource>(path, size, std::move(file));
  if (file.StartsWith({0x1F, 0x8B})) return std::make_unique<GzipSource>(path, size, std::move(file));
  return std::make_unique<PlainSource>(path, size, std::move(file));
}

}  // namespace spillway::ingest
