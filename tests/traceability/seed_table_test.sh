#!/usr/bin/env bash
# Every requirement id of order flow (ids.txt) and of trading (trading_ids.txt) is shown by a test whose name has it, and
# the tables in docs/order-flow.md and docs/trading.md say which. They are made from what the test programs list;
# SPILLWAY_WRITE_TABLE=1 writes them.
set -euo pipefail
export LC_ALL=C  # one order everywhere
source_root=${SPILLWAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
programs=${SPILLWAY_BIN:-$source_root/build/release/bin}
begin='<!-- tests by id: made by tests/traceability/seed_table_test.sh -->'
end='<!-- end of tests by id -->'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program <tab> test name
for program in "$programs"/*_test; do
  # Catch exits with the number of tests it listed.
  "$program" --list-test-names-only 2>/dev/null | sed "s|^|$(basename "$program" _test)\t|" || true
done | sort -u >"$work/tests"
[[ -s $work/tests ]] || { echo "seed table: no test program in $programs lists a test" >&2; exit 1; }

table() { # table IDS PAGE
  local ids=$1 page=$2
  # A row an id; at most three tests are named, the rest counted.
  awk -F '\t' -v ids="$ids" '
    { n = split($2, words, /[^A-Za-z0-9.-]+/)
      for (i = 1; i <= n; ++i) {
        id = words[i]; sub(/\.+$/, "", id)
        if (seen[id, $0]++) continue
        if (++count[id] <= 3) { name = $2; gsub(/\|/, "\\|", name); rows[id] = rows[id] (count[id] > 1 ? "<br>" : "") "`" $1 "` " name }
      } }
    END {
      print "| id | shown by |"; print "| --- | --- |"
      while ((getline id < ids) > 0) {
        if (!(id in count)) { print "MISSING " id > "/dev/stderr"; missing = 1; continue }
        print "| " id " | " rows[id] (count[id] > 3 ? "<br>and " count[id] - 3 " more" : "") " |"
      }
      exit missing
    }' "$work/tests" >"$work/table" || { echo "seed table: no test has these ids in its name (above)" >&2; exit 1; }

  for marker in "$begin" "$end"; do
    grep -qxF -- "$marker" "$page" || { echo "seed table: $page has no line '$marker'" >&2; exit 1; }
  done
  awk -v begin="$begin" -v end="$end" -v table="$work/table" '
    $0 == begin { print; while ((getline line < table) > 0) print line; skipping = 1; next }
    $0 == end { skipping = 0 }
    !skipping' "$page" >"$work/page"

  if [[ -n ${SPILLWAY_WRITE_TABLE:-} ]]; then
    cp "$work/page" "$page"
    echo "seed table: written, $(wc -l <"$ids") ids"
  elif ! diff -u "$page" "$work/page" >"$work/diff"; then
    head -40 "$work/diff"
    echo "seed table: $page differs from what the tests say; SPILLWAY_WRITE_TABLE=1 $0 writes it" >&2
    exit 1
  else
    echo "seed table: $(wc -l <"$ids") ids, each shown by a test"
  fi
}

table "$source_root/tests/traceability/ids.txt" "$source_root/docs/order-flow.md"
table "$source_root/tests/traceability/trading_ids.txt" "$source_root/docs/trading.md"
