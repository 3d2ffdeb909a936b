#include "libs/log/lane_chain.h"

#include <openssl/evp.h>

#include "libs/base/check.h"

namespace spillway::log {

namespace {

constexpr std::string_view kSeedPrefix = "spillway lane chain v1:";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

// `running` is copied into `finished` for the value of each frame: finishing a digest ends it.
struct LaneChain::Digest {
  EVP_MD_CTX* running = EVP_MD_CTX_new();
  EVP_MD_CTX* finished = EVP_MD_CTX_new();
  ~Digest() {
    EVP_MD_CTX_free(running);
    EVP_MD_CTX_free(finished);
  }
};

std::string ToHex(const Hash& hash) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * hash.size());
  for (const uint8_t byte : hash) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<Hash> HashFromHex(std::string_view text) {
  Hash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (size_t i = 0; i < hash.size(); ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[i] = static_cast<uint8_t>(16 * high + low);
  }
  return hash;
}

Hash Sha256(std::string_view bytes) {
  Hash hash{};
  SPILLWAY_CHECK(EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return hash;
}

Hash LaneSeed(const LaneName& lane) {
  return Sha256(std::string(kSeedPrefix) + lane);
}

Hash SessionDigest(const std::map<LaneName, Hash>& lanes) {
  std::string values;
  for (const auto& [name, hash] : lanes) values.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return Sha256(values);
}

LaneChain::LaneChain(const Hash& value) : digest_(std::make_unique<Digest>()), value_(value) {
  SPILLWAY_CHECK(EVP_DigestInit_ex(digest_->running, EVP_sha256(), nullptr) == 1);
}
LaneChain::LaneChain(LaneChain&&) noexcept = default;
LaneChain& LaneChain::operator=(LaneChain&&) noexcept = default;
LaneChain::~LaneChain() = default;

void LaneChain::Add(std::string_view messages, bool starts_block) {
  if (starts_block) {
    SPILLWAY_CHECK(EVP_DigestInit_ex(digest_->running, EVP_sha256(), nullptr) == 1);
    SPILLWAY_CHECK(EVP_DigestUpdate(digest_->running, value_.data(), value_.size()) == 1);
  }
  SPILLWAY_CHECK(EVP_DigestUpdate(digest_->running, messages.data(), messages.size()) == 1);
  SPILLWAY_CHECK(EVP_MD_CTX_copy_ex(digest_->finished, digest_->running) == 1);
  SPILLWAY_CHECK(EVP_DigestFinal_ex(digest_->finished, value_.data(), nullptr) == 1);
}

}  // namespace spillway::log
