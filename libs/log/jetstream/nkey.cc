#include "libs/log/jetstream/nkey.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>

namespace spillway::jetstream {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr uint8_t kSeedPrefix = 18 << 3;  // 'S'
constexpr uint8_t kUserPrefix = 20 << 3;  // 'U'
constexpr size_t kKeyBytes = 32;
constexpr size_t kSeedBytes = 2 + kKeyBytes + 2;  // both prefixes, the seed, its checksum

// CRC-16/XMODEM.
uint16_t Checksum(std::string_view bytes) {
  uint16_t crc = 0;
  for (const char byte : bytes) {
    crc = static_cast<uint16_t>(crc ^ (static_cast<uint8_t>(byte) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

std::string WithChecksum(std::string bytes) {
  const uint16_t crc = Checksum(bytes);
  bytes += static_cast<char>(crc & 0xff);
  bytes += static_cast<char>(crc >> 8);
  return bytes;
}

// Unpadded; empty where a character is none of base32.
std::string DecodeBase32(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return "";
    bits = bits << 5 | static_cast<uint32_t>(digit);
    held += 5;
    if (held >= 8) bytes += static_cast<char>(bits >> (held -= 8) & 0xff);
  }
  return bytes;
}

std::string EncodeBase32(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(byte);
    held += 8;
    while (held >= 5) text += kDigits[bits >> (held -= 5) & 31];
  }
  if (held > 0) text += kDigits[bits << (5 - held) & 31];
  return text;
}

}  // namespace

absl::StatusOr<std::string> PublicKeyOfSeed(std::string_view seed) {
  const std::string bytes = DecodeBase32(seed);
  const bool whole = bytes.size() == kSeedBytes && WithChecksum(bytes.substr(0, kSeedBytes - 2)) == bytes;
  if (!whole) return absl::InvalidArgumentError("is no nkey seed: expected 58 characters of base32 that begin with SU");
  const auto first = static_cast<uint8_t>(bytes[0]);
  const auto second = static_cast<uint8_t>(bytes[1]);
  const auto type = static_cast<uint8_t>((first & 7) << 5 | second >> 3);
  if ((first & 0xf8) != kSeedPrefix || type != kUserPrefix) {
    return absl::InvalidArgumentError("is an nkey seed, but of no user: expected one that begins with SU");
  }
  const auto* secret = reinterpret_cast<const uint8_t*>(bytes.data()) + 2;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret, kKeyBytes), EVP_PKEY_free);
  std::array<uint8_t, kKeyBytes> open{};
  size_t size = open.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), open.data(), &size) != 1 || size != open.size()) {
    return absl::InternalError("nkey: OpenSSL makes no Ed25519 key of it");
  }
  std::string named(1, static_cast<char>(kUserPrefix));
  named.append(reinterpret_cast<const char*>(open.data()), open.size());
  return EncodeBase32(WithChecksum(std::move(named)));
}

absl::StatusOr<std::string> PublicKeyOfSeedFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError("nats: nkey_seed_file " + path + " cannot be read");
  std::string seed(std::istreambuf_iterator<char>(file), {});
  while (!seed.empty() && std::string_view(" \t\r\n").find(seed.back()) != std::string_view::npos) seed.pop_back();
  absl::StatusOr<std::string> key = PublicKeyOfSeed(seed);
  if (!key.ok()) {
    return absl::Status(key.status().code(),
                        "nats: nkey_seed_file " + path + " " + std::string(key.status().message()));
  }
  return key;
}

}  // namespace spillway::jetstream
