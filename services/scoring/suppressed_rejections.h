// What an instance left out because the same was reported shortly before, told in one summary each minute (IR-5).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/events/event.h"

namespace spillway::scoring {

class SuppressedRejections {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(60);

  // `rule`: whatever number the caller gives the rule that failed first.
  void Count(Time now, InstrumentId instrument, uint32_t rule, double score);
  // Something was left out in a minute of event time that has ended.
  bool due(Time now) const { return from_ && now - *from_ >= kInterval; }
  // The summary since then, by instrument and rule, and begins anew. `name_of` gives a rule's name.
  template <class NameOf>
  RejectionSummary Take(const NameOf& name_of) {
    RejectionSummary summary{.from = *from_, .rows = {}};
    for (const Row& row : rows_) {
      summary.rows.push_back({row.instrument, std::string(name_of(row.rule)), row.count, row.best_score});
    }
    from_.reset();
    rows_.clear();
    return summary;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(from_, rows_);
  }

 private:
  struct Row {
    InstrumentId instrument = 0;
    uint32_t rule = 0;
    uint32_t count = 0;
    double best_score = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(instrument, rule, count, best_score);
    }
  };
  std::optional<Time> from_;  // the begin of the minute of the first of them
  std::vector<Row> rows_;     // by instrument and rule
};

}  // namespace spillway::scoring
