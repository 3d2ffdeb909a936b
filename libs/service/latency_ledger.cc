#include "libs/service/latency_ledger.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>

namespace spillway::service {
namespace {

template <class Integer>
std::optional<Integer> ParseInteger(std::string_view text, int base) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

uint32_t ReadBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string digits;
  file >> digits;
  return ParseInteger<uint32_t>(std::string_view(digits).substr(0, 8), 16).value_or(0);
}

std::string Beginning(int64_t origin_ns) {
  return fmt::format("b={:08x};o={}", BootId(), origin_ns);
}

bool ParseHop(std::string_view item, LatencyStamps& stamps) {
  const size_t equals = item.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  const std::optional<int64_t> nanos = ParseInteger<int64_t>(item.substr(equals + 1), 10);
  if (!nanos) return false;
  if (item.substr(0, equals) == "o") {
    stamps.origin_ns = *nanos;
  } else {
    stamps.hops.push_back({.name = item.substr(0, equals), .steady_ns = *nanos});
  }
  return true;
}

bool OfThisBoot(std::string_view side) {
  constexpr size_t kPrefix = sizeof("b=01234567") - 1;
  if (side.size() < kPrefix || side.substr(0, 2) != "b=") return false;
  if (side.size() > kPrefix && side[kPrefix] != ';') return false;
  const std::optional<uint32_t> boot = ParseInteger<uint32_t>(side.substr(2, 8), 16);
  return boot && *boot != 0 && *boot == BootId();
}

}  // namespace

int64_t SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

uint32_t BootId() {
  static const uint32_t id = ReadBootId();
  return id;
}

LatencyStamps ParseStamps(std::string_view side) {
  if (side.size() > kSideBytesMax || !OfThisBoot(side)) return {};
  LatencyStamps stamps;
  while (true) {
    const size_t next = side.find(';');
    if (next == std::string_view::npos) return stamps;
    side.remove_prefix(next + 1);
    if (!ParseHop(side.substr(0, side.find(';')), stamps)) return {};
  }
}

std::string_view StampWriter::Begin(int64_t origin_ns, std::string_view hop, int64_t now_ns) {
  text_ = Beginning(origin_ns);
  fmt::format_to(std::back_inserter(text_), ";{}={}", hop, now_ns);
  return text_;
}

std::string_view StampWriter::Extend(std::string_view side, std::string_view hop, int64_t now_ns) {
  constexpr size_t kStampMax = 64;
  if (!OfThisBoot(side) || side.size() + kStampMax > kSideBytesMax) return Begin(0, hop, now_ns);
  if (side.data() != text_.data()) text_.assign(side);
  fmt::format_to(std::back_inserter(text_), ";{}={}", hop, now_ns);
  return text_;
}

}  // namespace spillway::service
