// Events as rows of the projections' tables (deploy/postgres/migrations/). Pure: the same events give the same rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event.h"
#include "libs/log/record_gaps.h"

namespace spillway::journal::projections {

// One row: its columns by name as a JSON object; what is absent is NULL. Text is cleaned of what PostgreSQL cannot
// store (zero characters, bytes that are not UTF-8).
struct Row {
  std::string table;
  std::string columns;
};

// The tables that rows are written to.
std::span<const std::string_view> ProjectedTables();

// The rows of one event, none for most kinds. A passed-on event gives the rows of the original, with its id.
void AppendRows(const Event& event, std::vector<Row>& rows);

// As a feed incident. Its id is derived from lane and sequences.
Row GapRow(const log::RecordGap& gap);

}  // namespace spillway::journal::projections
