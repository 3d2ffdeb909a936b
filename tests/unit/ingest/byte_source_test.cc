#include "services/ingest/byte_source.h"

#include <zlib.h>
#include <zstd.h>

#include <random>

#include "services/ingest/line_reader.h"
#include "tests/catch.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

std::string Zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// Everything, read in pieces of `piece` bytes.
absl::StatusOr<std::string> ReadAll(const std::string& path, size_t piece) {
  absl::StatusOr<std::unique_ptr<ByteSource>> source = ByteSource::Open(path);
  if (!source.ok()) return source.status();
  std::string all;
  std::vector<char> buffer(piece);
  for (;;) {
    absl::StatusOr<size_t> n = (*source)->Read(buffer);
    if (!n.ok()) return n.status();
    if (*n == 0) break;
    all.append(buffer.data(), *n);
  }
  CHECK((*source)->consumed() == (*source)->size());
  return all;
}

// Compressible, but not to nothing.
std::string SomeText(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 1000) + (random() % 9 == 0 ? "\n" : ",");
  return text;
}

}  // namespace

TEST_CASE("byte source: what was packed comes out, whatever the pieces, the packing and the number of frames") {
  const std::string first = SomeText(700'000, 1);
  const std::string second = SomeText(3'000, 2);
  const std::string skippable("\x50\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  const std::vector<std::string> packed = {first + second, Gzip(first + second), Gzip(first) + Gzip("") + Gzip(second),
                                           Zstd(first + second),
                                           skippable + Zstd(first) + Zstd("") + skippable + Zstd(second)};
  for (size_t i = 0; i < packed.size(); ++i) {
    const TemporaryFile file("data", packed[i]);
    for (const size_t piece : {size_t{1'000}, size_t{4'099}, size_t{1} << 20}) {
      INFO("packing " << i << ", pieces of " << piece);
      const absl::StatusOr<std::string> all = ReadAll(file.path(), piece);
      REQUIRE(all.ok());
      CHECK((*all == first + second));
    }
  }
}

TEST_CASE("byte source: compressed data that is cut anywhere is an error naming file and offset, never a short file") {
  const std::string text = SomeText(20'000, 3);
  for (const std::string& packed : {Zstd(text), Gzip(text)}) {
    for (size_t size = 4; size < packed.size(); size += 1 + size / 7) {
      const TemporaryFile file("data", packed.substr(0, size));
      const absl::StatusOr<std::string> all = ReadAll(file.path(), 4096);
      REQUIRE_FALSE(all.ok());
      CHECK(all.status().code() == absl::StatusCode::kDataLoss);
      const std::string expected = file.path() + ": byte " + std::to_string(size) + ": ";
      CHECK(std::string(all.status().message()).substr(0, expected.size()) == expected);
    }
  }
}

TEST_CASE("byte source: damaged compressed data is found by its checksum or its structure") {
  std::string packed = Gzip(SomeText(20'000, 4));
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x10);
  const TemporaryFile file("data", packed);
  CHECK_FALSE(ReadAll(file.path(), 4096).ok());
}

TEST_CASE("byte source: a missing file and a folder are named") {
  CHECK(ByteSource::Open("/nowhere/at/all.csv").status().message() ==
        "/nowhere/at/all.csv: cannot be opened: No such file or directory");
  CHECK(ByteSource::Open("/tmp").status().message() == "/tmp: is a directory, expected a file");
}

TEST_CASE("line reader: lines of any length, either line end, and a last line without one") {
  std::string text = "first\r\n\nthird\n" + std::string(600'000, 'x') + "\nlast";
  const TemporaryFile file("lines", text);
  std::unique_ptr<LineReader> lines = *LineReader::Open(file.path());
  std::vector<std::string> all;
  for (std::string_view line; lines->Next(line);) all.emplace_back(line);
  CHECK(lines->status().ok());
  CHECK((all == std::vector<std::string>{"first", "", "third", std::string(600'000, 'x'), "last"}));
  CHECK(lines->Where() == file.path() + ":5");
}

TEST_CASE("line reader: a line that does not end is refused, not read into memory") {
  const TemporaryFile file("lines", std::string(3 * LineReader::kLineMax, 'x'));
  std::unique_ptr<LineReader> lines = *LineReader::Open(file.path());
  std::string_view line;
  CHECK_FALSE(lines->Next(line));
  CHECK(lines->status().message() == file.path() + ":1: no end of line within 1048576 bytes: expected text of rows");
}

}  // namespace spillway::ingest
