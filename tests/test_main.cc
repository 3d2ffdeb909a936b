#include "tests/catch.h"

// Defined here once: the Catch2 main is the slow part of every test program.
int main(int argc, char* argv[]) {
  return Catch::Session().run(argc, argv);
}
