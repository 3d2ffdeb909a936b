#include "libs/base/random.h"

#include <vector>

#include "tests/catch.h"

using namespace spillway;

TEST_CASE("random: a seed gives the published sequence of splitmix64", "[base]") {
  uint64_t state = 1234567;
  CHECK(SplitMix64(state) == 6457827717110365317ULL);
  CHECK(SplitMix64(state) == 3203168211198807973ULL);
}

TEST_CASE("random: the same seed and stream repeat, another stream differs", "[base]") {
  Random a(7, 1), b(7, 1), c(7, 2), d(8, 1);
  int same_stream = 0, same_seed = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t x = a.Next();
    REQUIRE(x == b.Next());
    same_stream += x == c.Next();
    same_seed += x == d.Next();
  }
  CHECK(same_stream == 0);
  CHECK(same_seed == 0);
}

TEST_CASE("random: the distributions have their means and variances", "[base]") {
  Random random(42);
  constexpr int kDraws = 200'000;
  double uniform = 0, exponential = 0, normal = 0, normal_squared = 0;
  std::vector<int> faces(6);
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform();
    REQUIRE((u >= 0 && u < 1));
    uniform += u;
    exponential += random.Exponential();
    const double n = random.Normal();
    normal += n;
    normal_squared += n * n;
    const int64_t face = random.Between(1, 6);
    REQUIRE((face >= 1 && face <= 6));
    ++faces[static_cast<size_t>(face - 1)];
  }
  CHECK_THAT(uniform / kDraws, WithinAbs(0.5, 0.005));
  CHECK_THAT(exponential / kDraws, WithinAbs(1.0, 0.02));
  CHECK_THAT(normal / kDraws, WithinAbs(0.0, 0.01));
  CHECK_THAT(normal_squared / kDraws, WithinAbs(1.0, 0.02));
  for (const int count : faces) CHECK_THAT(count / double{kDraws}, WithinAbs(1.0 / 6, 0.005));
}
