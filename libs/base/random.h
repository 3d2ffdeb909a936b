// Seeded random numbers that are the same on every machine: xoshiro256++ (Blackman & Vigna 2019, public domain), seeded
// through splitmix64. For simulation and tests; cores never draw.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "libs/base/math.h"

namespace spillway {

// One step of splitmix64: advances `state` and returns a well mixed word.
constexpr uint64_t SplitMix64(uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

class Random {
 public:
  explicit constexpr Random(uint64_t seed) : Random(seed, 0) {}
  // Stream number `stream` of a seed. Streams are unrelated, so a simulation that gives each of its parts one does not
  // change the others when it adds a part.
  constexpr Random(uint64_t seed, uint64_t stream) {
    uint64_t state = seed;
    state = SplitMix64(state) ^ (stream * 0xd1342543de82ef95ULL);
    for (uint64_t& word : state_) word = SplitMix64(state);
  }

  constexpr uint64_t Next() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // In [0, 1), a multiple of 2^-53.
  constexpr double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  constexpr double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  constexpr bool Chance(double probability) { return Uniform() < probability; }

  // A whole number in [0, bound), each equally likely up to 2^-64 of the bound. The bound is positive.
  constexpr uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<UInt128>(Next()) * bound) >> 64);
  }
  // In [low, high].
  constexpr int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }

  // Exponential with mean 1.
  double Exponential() { return -Log(1.0 - Uniform()); }

  // Standard normal, by Marsaglia's polar method (the second of each pair is not kept: no hidden state).
  double Normal() {
    while (true) {
      const double u = 2.0 * Uniform() - 1.0;
      const double v = 2.0 * Uniform() - 1.0;
      const double s = u * u + v * v;
      if (s > 0.0 && s < 1.0) return u * std::sqrt(-2.0 * Log(s) / s);
    }
  }

 private:
  __extension__ typedef unsigned __int128 UInt128;
  std::array<uint64_t, 4> state_{};
};

}  // namespace spillway
