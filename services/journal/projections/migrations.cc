#include "services/journal/projections/migrations.h"

namespace spillway::journal::projections {

std::vector<Migration> Migrations() {
  using namespace migration_sources;
  return {{1, "events", std::string(k0001Events)},
          {2, "scorecards", std::string(k0002Scorecards)},
          {3, "views", std::string(k0003Views)},
          {4, "order flow", std::string(k0004OrderFlow)},
          {5, "orders", std::string(k0005Orders)}};
}

}  // namespace spillway::journal::projections
