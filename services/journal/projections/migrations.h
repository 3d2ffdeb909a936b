// The database's schema as numbered steps: deploy/postgres/migrations/, part of the program (cmake/embed_files.cmake).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spillway::journal::projections {

struct Migration {
  int version = 0;  // from 1, without holes
  std::string name;
  std::string sql;
};

// In order.
std::vector<Migration> Migrations();

namespace migration_sources {
extern const std::string_view k0001Events;
extern const std::string_view k0002Scorecards;
extern const std::string_view k0003Views;
extern const std::string_view k0004OrderFlow;
extern const std::string_view k0005Orders;
}  // namespace migration_sources

}  // namespace spillway::journal::projections
