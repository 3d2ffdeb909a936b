#!/usr/bin/env bash
# ./dev bench live: the whole stack on this machine, 500 symbols, everything included. Prints what it sustains, how long
# an alert takes, where the lag begins to grow, and what an event costs in bytes. Figures are of this machine, shared by
# servers, services and the player.
set -euo pipefail
root=$(readlink -f "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../..")
stack=$root/deploy/native/stack.sh
bin=${SPILLWAY_BIN:-$root/build/release/bin}

seconds=300 rate=20000 trial_seconds=25 search=1 json='' work=''
usage() {
  cat <<'TEXT'
usage: ./dev bench live [--seconds N] [--rate N] [--no-search] [--json FILE] [--dir DIR]

  --seconds N    how long the sustained run is measured (default 300)
  --rate N       market events a second that it plays at least (default 20000)
  --no-search    leave out the search for the highest rate
  --json FILE    the figures as JSON too
  --dir DIR      where stacks live (default build/bench-live; removed afterwards)
TEXT
}
while (($#)); do
  case $1 in
    --seconds) seconds=${2:?}; shift ;;
    --rate) rate=${2:?}; shift ;;
    --no-search) search=0 ;;
    --json) json=${2:?}; shift ;;
    --dir) work=${2:?}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
  esac
  shift
done
work=${work:-$root/build/bench-live}
mkdir -p "$work"
session=$work/market
command -v jq >/dev/null || { echo "bench live: jq is missing (./dev setup installs it)" >&2; exit 1; }

say() { printf '==> %s\n' "$*"; }
finish() { "$stack" down --dir "$work/stack" --purge >/dev/null 2>&1 || true; }
trap finish EXIT

if [[ ! -e $session/manifest.json ]]; then
  say "bench live: making the market (500 symbols)"
  "$bin/spillway" sim --scenario "$root/deploy/scenarios/live.yaml" --out "$session" --replace >"$work/sim.log" 2>&1
fi
# Events a second of the session, over its time.
session_rate=$("$bin/spillway" log info "$session" --json | jq -r '
  def seconds: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601;
  .events / (([.symbols[].last_time] | max | seconds) - ([.symbols[].first_time] | min | seconds))')

status() { "$bin/spillway" status --ports-dir "$work/stack/run/ports" --json 2>/dev/null || true; }
service() { jq -c --arg s "$1" '.services[] | select(.service == $s) | .status'; }
metric() { curl -fsS "http://127.0.0.1:$1/metrics" | awk -v m="$2" 'index($1, m) == 1 {sum += $2} END {printf "%.6f", sum}'; }

# play SPEED SECONDS: sets events_per_second, behind (s), lag (messages, the worst), keeps $work/status.json
play() {
  local speed=$1 length=$2 begin_events end_events begin end
  finish
  "$stack" up --dir "$work/stack" --session "$session" --speed "$speed" --messages-per-minute 100000 --discord-bucket 0 \
    --profile "$root/tests/bench/live/many_alerts.yaml" >"$work/up.log" 2>&1 || { cat "$work/up.log" >&2; exit 1; }
  . "$work/stack/ports.env"
  sleep 5
  begin_events=$(status | service ingest | jq .counters.events)
  begin=$(date +%s%N)
  sleep "$length"
  status >"$work/status.json"
  end=$(date +%s%N)
  end_events=$(service ingest <"$work/status.json" | jq .counters.events)
  events_per_second=$(((end_events - begin_events) * 1000 / ((end - begin) / 1000000)))
  behind=$(metric "$INGEST_PORT" spillway_ingest_behind_seconds)
  lag=$(jq '[.services[].status.lanes[]?.lag] | max' "$work/status.json")
  alert_p99=$(service notifier <"$work/status.json" | jq '.latency["notifier/since_ingest"].p99_ms // 0')
}
latency() { # latency SERVICE KEY
  service "$1" <"$work/status.json" | jq -r --arg k "$2" '.latency[$k] // empty |
    def r: . * 100 | round / 100; "p50 \(.p50_ms | r) ms, p99 \(.p99_ms | r) ms, p99.9 \(.p999_ms | r) ms (\(.count))"'
}

# restart SERVICE: kills it, and prints how long the process that takes its place needs until it is ready (ms).
restart() {
  local pidfile=$work/stack/run/$1.child.pid port=${1^^}_PORT before begin
  before=$(<"$pidfile")
  kill -KILL "$before"
  while [[ ! -s $pidfile || $(<"$pidfile") == "$before" ]]; do sleep 0.01; done
  begin=$(date +%s%N)
  until curl -fsS -o /dev/null "http://127.0.0.1:${!port}/readyz" 2>/dev/null; do sleep 0.02; done
  echo $((($(date +%s%N) - begin) / 1000000))
}

speed=$(jq -n "($rate * 1.1 / $session_rate * 1000 | ceil) / 1000")
say "bench live: 500 symbols at $rate events/s and more, for $seconds s (speed $speed)"
play "$speed" "$seconds"
delivered=$(PGPASSWORD=$(<"$work/stack/secrets/postgres") psql -h 127.0.0.1 -p "$POSTGRES_PORT" -U spillway -d spillway -qAt -c \
  "select format('p50 %s ms, p99 %s ms (%s)', round((percentile_cont(0.5) within group (order by latency_ns) / 1e6)::numeric, 2), round((percentile_cont(0.99) within group (order by latency_ns) / 1e6)::numeric, 2), count(*)) from receipts where state = 'delivered' and update_kind = 'unknown'" 2>/dev/null || echo '?')
market_events=$(service ingest <"$work/status.json" | jq .counters.events)
lanes=$("$bin/spillway" lanes list --json --nats "nats://127.0.0.1:$NATS_PORT" --user admin --password-file "$work/stack/nats/passwords/admin")
printf '  sustained             %s market events/s; behind its pace %s s, lag at most %s messages\n' "$events_per_second" "$behind" "$lag"
printf '  ingest to alert       %s\n' "$(latency notifier notifier/since_ingest)"
printf '  ingest to snapshot    %s\n' "$(latency metrics metrics.0/since_ingest)"
printf '  ingest to signal      %s\n' "$(latency scoring scoring/since_ingest)"
printf '  alert to Discord      %s\n' "$delivered"
printf '  killed, then ready    '
for name in metrics universe scoring risk notifier journal ingest; do printf '%s %s ms  ' "$name" "$(restart "$name")"; done
printf '(from the start of the new process)\n'
"$stack" down --dir "$work/stack" >/dev/null
golden=$(du -sb "$work/stack/golden" | cut -f1)
recorded=$("$bin/spillway" log info "$work/stack/golden" --json | jq .events)
printf '  bytes an event        bus'
jq -r --argjson events "$market_events" '.[] | "  \(.lane) \(.bytes / $events * 100 | round / 100)"' <<<"$lanes" | tr -d '\n'
printf '\n                        golden record: all lanes %s' "$(jq -n "$golden / $recorded * 100 | round / 100")"
for lane in market.0 features.0 trading; do
  printf ', %s %s' "$lane" "$(jq -n "$(du -sb "$work/stack/golden/$lane" | cut -f1) / $recorded * 100 | round / 100")"
done
printf '\n'
sustained=$events_per_second

highest=$sustained
if ((search)); then
  say "bench live: how far it goes (each step $trial_seconds s)"
  step=$rate
  for ((i = 0; i < 8; ++i)); do
    step=$((step * 3 / 2))
    play "$(jq -n "($step / $session_rate * 1000 | ceil) / 1000")" "$trial_seconds"
    held=$(jq -n "$behind < 0.5 and $lag < 2000 and $alert_p99 < 500")
    printf '  %8s events/s asked, %8s played, behind %s s, lag %s messages, alert p99 %s ms: %s\n' "$step" \
      "$events_per_second" "$behind" "$lag" "$alert_p99" "$([[ $held == true ]] && echo held || echo 'lag grows')"
    [[ $held == true ]] || break
    highest=$events_per_second
  done
  printf '  highest rate held     %s events/s\n' "$highest"
fi
if [[ -n $json ]]; then
  jq -n --argjson sustained "$sustained" --argjson highest "$highest" \
    '{sustained_events_per_second: $sustained, highest_events_per_second: $highest}' >"$json"
fi
