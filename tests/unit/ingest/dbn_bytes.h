// Writes small DBN files, version 2, schema mbo.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spillway::test {

inline constexpr uint64_t kDbnStart = 1'746'192'600'000'000'000;  // 2025-05-02T13:30:00Z

struct DbnMapping {
  std::string symbol;
  uint32_t instrument = 0;
  uint32_t begin = 0;  // 20250502
  uint32_t end = 0;    // exclusive
};

struct DbnOrderRecord {
  uint32_t instrument = 0;
  uint64_t time = kDbnStart;
  uint64_t order = 0;
  int64_t price = 10'000'000'000;
  char action = 'A';
  char side = 'B';
};

// The head of the file, up to the first record.
std::string DbnMetadata(const std::vector<DbnMapping>& mappings);

// 56 bytes: size 50, last of its event, received 500 ns after its time.
std::string DbnOrder(const DbnOrderRecord& record);

}  // namespace spillway::test
