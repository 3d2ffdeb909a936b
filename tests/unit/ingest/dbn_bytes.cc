#include "tests/unit/ingest/dbn_bytes.h"

#include <string_view>

namespace spillway::test {
namespace {

template <class T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

std::string DbnMetadata(const std::vector<DbnMapping>& mappings) {
  constexpr uint16_t kSymbolSize = 71;
  std::string metadata = "XNAS.ITCH";
  const auto append = [&](std::string_view symbol) {
    metadata.append(symbol);
    metadata.append(kSymbolSize - symbol.size(), '\0');
  };
  metadata.resize(16);
  Put<uint16_t>(metadata, 0);  // mbo
  Put<uint64_t>(metadata, kDbnStart);
  Put<uint64_t>(metadata, UINT64_MAX);
  Put<uint64_t>(metadata, 0);
  metadata += '\1';  // from raw symbol
  metadata += '\0';  // to instrument id
  metadata += '\0';  // no send times
  Put<uint16_t>(metadata, kSymbolSize);
  metadata.resize(100);
  for (int empty = 0; empty < 4; ++empty) Put<uint32_t>(metadata, 0);  // schema definition and three lists of symbols
  Put<uint32_t>(metadata, static_cast<uint32_t>(mappings.size()));
  for (const DbnMapping& mapping : mappings) {
    append(mapping.symbol);
    Put<uint32_t>(metadata, 1);
    Put<uint32_t>(metadata, mapping.begin);
    Put<uint32_t>(metadata, mapping.end);
    append(std::to_string(mapping.instrument));
  }
  std::string bytes = "DBN\2";
  Put<uint32_t>(bytes, static_cast<uint32_t>(metadata.size()));
  return bytes + metadata;
}

std::string DbnOrder(const DbnOrderRecord& record) {
  std::string bytes = "\x0E\xA0";
  Put<uint16_t>(bytes, 2);
  Put<uint32_t>(bytes, record.instrument);
  Put<uint64_t>(bytes, record.time);
  Put<uint64_t>(bytes, record.order);
  Put<int64_t>(bytes, record.price);
  Put<uint32_t>(bytes, 50);
  bytes += "\x82";
  bytes += '\0';
  bytes += record.action;
  bytes += record.side;
  Put<uint64_t>(bytes, record.time + 500);
  Put<int32_t>(bytes, 0);
  Put<uint32_t>(bytes, 1);
  return bytes;
}

}  // namespace spillway::test
