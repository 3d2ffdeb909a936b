#include "services/journal/projections/journal_metrics.h"

#include <set>

#include "tests/integration/journal/fixture.h"
#include "tests/support/every_event.h"
#include "tests/unit/journal/retained_log.h"

namespace spillway::journal {
namespace {

// "name" of each line of Prometheus' text.
std::set<std::string> Names(const std::string& text) {
  std::set<std::string> names;
  for (const std::string& line : e2e::SplitLines(text)) {
    if (line.rfind("# TYPE ", 0) == 0) names.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  return names;
}

TEST_CASE("journal metrics: the series are those of the documentation, and show record and projector",
          "[journal][postgres]") {
  const test::TemporaryFolder folder;
  test::RetainedLog lanes;
  Event event{.header = test::EveryHeader(Producer::kNotifier), .body = test::EveryAlert()};
  lanes.Append("trading", {test::kEveryTime, test::Group({event}, 1)});
  lanes.Append("trading", {test::kEveryTime, test::Group({event}, 2)});
  lanes.Retain("trading", 2);
  GoldenRecordOptions options;
  options.idle_after = Duration::zero();
  options.on_gap = LogGap;
  auto record = GoldenRecord::Open(folder / "golden", lanes, {"trading"}, options).value();
  REQUIRE(record->Poll(Duration::zero()).ok());
  projections::Projector projector(folder / "golden",
                                   {.postgres = test::NewSchema(), .durable = [&](const log::LaneName& lane) {
                                      return record->Record(lane).durable_in_session;
                                    }});

  service::Metrics metrics;
  JournalMetrics journal(metrics, {"trading"});
  journal.Update(*record);
  journal.Update(projector);
  CHECK_THAT(metrics.Text(), Catch::Contains("spillway_journal_postgres_up 0"));
  REQUIRE(projector.CatchUp().ok());
  journal.Update(*record);
  journal.Update(projector);
  const std::string text = metrics.Text();
  CHECK_THAT(text, Catch::Contains("spillway_journal_postgres_up 1"));
  CHECK_THAT(text, Catch::Contains("spillway_journal_projection_lag_messages 0"));
  CHECK_THAT(text, Catch::Contains("spillway_journal_recorded_messages_total{lane=\"trading\"} 1"));
  CHECK_THAT(text, Catch::Contains("spillway_journal_durable_position{lane=\"trading\"} 2"));
  CHECK_THAT(text, Catch::Contains("spillway_journal_gaps_total{lane=\"trading\"} 1"));
  CHECK_THAT(text, Catch::Contains("spillway_journal_postgres_rows_total{table=\"alerts\"} 1"));
  CHECK_THAT(text, Catch::Contains("spillway_journal_postgres_rows_total{table=\"feed_incidents\"} 1"));

  std::set<std::string> documented;
  for (const std::string& line : e2e::SplitLines(e2e::ReadText(e2e::SourceFile("docs/metrics.md")))) {
    if (line.rfind("| `spillway_journal_", 0) == 0) documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  CHECK(Names(text) == documented);
}

}  // namespace
}  // namespace spillway::journal
