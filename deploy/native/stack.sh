#!/usr/bin/env bash
# The whole stack on this machine, from Debian's packages and build/release/bin, without root: ./dev up, down, status,
# logs. Everything it writes is under one directory.
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..
root=$(readlink -f "$root")
bin=${SPILLWAY_BIN:-$root/build/release/bin}
here=$root/deploy/native
SERVICES=(ingest universe metrics scoring risk notifier journal)

usage() {
  cat <<'TEXT'
usage: ./dev up [OPTIONS] | down | status [--json] | logs [SERVICE] [-f]

  up       starts nats-server, redis-server, PostgreSQL, Prometheus and the services
    --sim              play a simulated morning (the default)
    --scenario NAME    play another scenario of the simulator
    --session DIR      play a recorded session
    --speed N          1: as recorded; 0: as fast as the readers can follow (default: 20 with --sim, else 1)
    --profile P        profile in force, name@version or a YAML file; more than one: the others run in shadow
                       (default ofi-classic@1)
    --discord-url-file FILE   where alerts go: a file with the webhook's URL (default: a fake Discord of its own)
    --messages-per-minute N   the notifier's own limit (default 30)
    --discord-bucket N        requests that the fake Discord takes in 2 s (default 5, as Discord); 0: any number
    --market-lanes N   default 1
    --tls              NATS with TLS and client certificates
  down     stops them, services first; --purge removes the directory too
  status   what runs, what is missing, how far each service is
  logs     the services' logs; -f follows

All take --dir DIR (default build/stack). Ports are free ones, kept in DIR/ports.env; set them there, or in the
environment (NATS_PORT, REDIS_PORT, POSTGRES_PORT, PROMETHEUS_PORT, ...), before the first up.
TEXT
}

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
  bold='' red='' green='' yellow='' plain=''
fi
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '    %s\n' "$*"; }
die() {
  printf '%sstack: %s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

command=${1:-}
(($#)) && shift
dir=$root/build/stack scenario=demo session='' speed='' discord='' messages_per_minute=30 discord_bucket=5 lanes=1 tls=off purge=0 json=0 follow=0
profiles=() wanted=()
while (($#)); do
  case $1 in
    --dir) dir=$(mkdir -p "${2:?}" && readlink -f "$2"); shift ;;
    --sim) scenario=demo ;;
    --scenario) scenario=${2:?}; shift ;;
    --session) session=$(readlink -f "${2:?}"); shift ;;
    --speed) speed=${2:?}; shift ;;
    --profile) profiles+=("${2:?}"); shift ;;
    --discord-url-file) discord=$(readlink -f "${2:?}"); shift ;;
    --messages-per-minute) messages_per_minute=${2:?}; shift ;;
    --discord-bucket) discord_bucket=${2:?}; shift ;;
    --market-lanes) lanes=${2:?}; shift ;;
    --tls) tls=on ;;
    --purge) purge=1 ;;
    --json) json=1 ;;
    -f | --follow) follow=1 ;;
    -h | --help) usage; exit 0 ;;
    -*) die "unknown option $1; see ./dev up --help" ;;
    *) wanted+=("$1") ;;
  esac
  shift
done
((${#profiles[@]})) || profiles=(ofi-classic@1)

# ---------------------------------------------------------------- processes

# A process that has ended and was not reaped yet (in a container whose first process is slow at it) is gone.
running() { kill -0 "$1" 2>/dev/null && [[ $(ps -o stat= -p "$1" 2>/dev/null) != Z* ]]; }
alive() { [[ -s $1 ]] && running "$(<"$1")"; }

# start NAME COMMAND...: a server, its pid in run/NAME.pid, its output in log/NAME.log.
start() {
  local name=$1
  shift
  if alive "$dir/run/$name.pid"; then
    note "$name runs already"
    return
  fi
  setsid "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
  echo $! >"$dir/run/$name.pid"
}

# stop NAME SECONDS: TERM, and KILL when it takes too long.
stop() {
  local pidfile=$dir/run/$1.pid pid i
  alive "$pidfile" || { rm -f "$pidfile"; return 0; }
  pid=$(<"$pidfile")
  kill -TERM "$pid" 2>/dev/null || true
  for ((i = 0; i < $2 * 20; ++i)); do
    running "$pid" || break
    sleep 0.05
  done
  if running "$pid"; then
    note "${yellow}$1 did not stop within $2 s: killed$plain"
    kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -f "$pidfile"
}

# await WHAT SECONDS COMMAND...
await() {
  local what=$1 seconds=$2 i
  shift 2
  for ((i = 0; i < seconds * 10; ++i)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  die "$what is not there after $seconds s; its log: $dir/log"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 20000))
    [[ " ${taken[*]-} " == *" $port "* ]] && continue
    port_is_free "$port" && break
  done
  taken+=("$port")
  REPLY=$port
}

# Ports are chosen once and kept, so that what points at them stays right.
choose_ports() {
  local name names=(NATS_PORT NATS_HTTP_PORT REDIS_PORT POSTGRES_PORT PROMETHEUS_PORT FAKE_DISCORD_PORT)
  local service
  for service in "${SERVICES[@]}"; do names+=("${service^^}_PORT" "${service^^}_GRPC_PORT"); done
  [[ -e $dir/ports.env ]] && . "$dir/ports.env"
  taken=()
  : >"$dir/ports.env.new"
  for name in "${names[@]}"; do
    if [[ -z ${!name:-} ]]; then
      free_port
      printf -v "$name" '%s' "$REPLY"
    fi
    echo "$name=${!name}" >>"$dir/ports.env.new"
  done
  mv "$dir/ports.env.new" "$dir/ports.env"
}

secret() { # secret NAME: made once
  local file=$dir/secrets/$1
  [[ -s $file ]] || (umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file")
}

# ---------------------------------------------------------------- servers

start_nats() {
  "$root/deploy/nats/make-config.sh" "$dir/nats" --port "$NATS_PORT" --http-port "$NATS_HTTP_PORT" \
    --market-lanes "$lanes" --tls "$tls" >>"$dir/log/nats.log" 2>&1
  start nats "$(PATH=$PATH:/usr/sbin command -v nats-server)" -c "$dir/nats/nats-server.conf"
}
nats_ready() { curl -fsS "http://127.0.0.1:$NATS_HTTP_PORT/healthz"; }

start_redis() {
  secret redis
  (
    umask 077
    cat >"$dir/redis/redis.conf" <<CONF
bind 127.0.0.1
port $REDIS_PORT
dir $dir/redis
requirepass $(<"$dir/secrets/redis")
appendonly no
save ""
maxmemory 128mb
CONF
  )
  start redis redis-server "$dir/redis/redis.conf"
}
redis_cli() { REDISCLI_AUTH=$(<"$dir/secrets/redis") redis-cli -h 127.0.0.1 -p "$REDIS_PORT" "$@"; }

postgres_bin() { ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1; }
# PostgreSQL refuses to run as root: it then runs as its own user, which must be able to get to its directory.
as_postgres() {
  if ((EUID == 0)); then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}
start_postgres() {
  local data=$dir/postgres/data pg
  pg=$(postgres_bin)
  secret postgres
  if [[ ! -e $data/PG_VERSION ]]; then
    rm -rf "$dir/postgres"
    mkdir -p "$dir/postgres"
    ((EUID == 0)) && chown postgres:postgres "$dir/postgres"
    as_postgres test -x "$dir/postgres" ||
      die "user postgres cannot get to $dir/postgres: choose another --dir, or run ./dev up as a user that is not root"
    install -m 644 "$dir/secrets/postgres" "$dir/postgres/password"
    ((EUID == 0)) && chown postgres:postgres "$dir/postgres/password" && chmod 600 "$dir/postgres/password"
    as_postgres "$pg/initdb" -D "$data" -U spillway -A scram-sha-256 --pwfile="$dir/postgres/password" -E UTF8 \
      --no-locale >>"$dir/log/postgres.log" 2>&1 || die "initdb failed: $dir/log/postgres.log"
    rm -f "$dir/postgres/password"
  fi
  start postgres "${as_postgres_command[@]}" "$pg/postgres" -D "$data" -p "$POSTGRES_PORT" -c listen_addresses=127.0.0.1 \
    -c "unix_socket_directories=" -c max_connections=50 -c shared_buffers=64MB
}
as_postgres_command=()
((EUID == 0)) && as_postgres_command=(setpriv --reuid=postgres --regid=postgres --clear-groups)
sql() {
  PGPASSWORD=$(<"$dir/secrets/postgres") psql -h 127.0.0.1 -p "$POSTGRES_PORT" -U spillway -v ON_ERROR_STOP=1 -qAt "$@"
}

start_prometheus() {
  local service targets=''
  for service in "${SERVICES[@]}"; do
    local port=${service^^}_PORT
    targets+="      - targets: ['127.0.0.1:${!port}']
        labels: {service: $service}
"
  done
  cat >"$dir/prometheus/prometheus.yml" <<CONF
global:
  scrape_interval: 5s
scrape_configs:
  - job_name: spillway
    static_configs:
$targets
CONF
  start prometheus prometheus --config.file="$dir/prometheus/prometheus.yml" --storage.tsdb.path="$dir/prometheus/data" \
    --storage.tsdb.retention.time=2d --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --log.level=warn
}

# ---------------------------------------------------------------- services

service_settings() { # service_settings NAME: the part that all have
  local name=$1 port=${1^^}_PORT grpc=${1^^}_GRPC_PORT
  cat <<CONF
service:
  service: $name
  nats:
    urls: ['nats://127.0.0.1:$NATS_PORT']
    user: $name
    password_file: $dir/nats/passwords/$name
CONF
  if [[ $tls == on ]]; then
    cat <<CONF
    tls_ca_file: $dir/nats/tls/ca.pem
    tls_cert_file: $dir/nats/tls/$name.pem
    tls_key_file: $dir/nats/tls/$name.key
CONF
  fi
  cat <<CONF
  http: {port: ${!port}, grpc_port: ${!grpc}}
  checkpoint: {directory: $dir/checkpoints/$name}
  market_lanes: $lanes
  port_file: $dir/run/ports/$name.json
CONF
}

write_configs() {
  local name
  for name in "${SERVICES[@]}"; do
    mkdir -p "$dir/checkpoints/$name"
    service_settings "$name" >"$dir/config/$name.yaml"
  done
  cat >>"$dir/config/ingest.yaml" <<CONF
play:
  session: $session
  speed: $speed
CONF
  cat >>"$dir/config/universe.yaml" <<CONF
redis: {address: '127.0.0.1:$REDIS_PORT', password_file: $dir/secrets/redis}
CONF
  cat >>"$dir/config/risk.yaml" <<CONF
playback_speed: $speed
CONF
  cat >>"$dir/config/notifier.yaml" <<CONF
channels:
  - name: discord
    kind: discord
    url_file: $discord
    messages_per_minute_max: $messages_per_minute
CONF
  cat >>"$dir/config/journal.yaml" <<CONF
golden_directory: $dir/golden
postgres: {host: 127.0.0.1, port: $POSTGRES_PORT, database: spillway, user: spillway, password_file: $dir/secrets/postgres}
CONF
}

start_service() {
  start "$1" "$here/supervise.sh" "$dir/run/$1.child.pid" "$dir/log/$1.log" "$bin/spillway-$1" --config "$dir/config/$1.yaml"
}
ready() {
  local port=${1^^}_PORT
  curl -fsS "http://127.0.0.1:${!port}/readyz"
}

nats_options() {
  NATS_OPTIONS=(--nats "nats://127.0.0.1:$NATS_PORT" --user admin --password-file "$dir/nats/passwords/admin"
    --market-lanes "$lanes")
  [[ $tls == on ]] && NATS_OPTIONS+=(--tls-ca "$dir/nats/tls/ca.pem" --tls-cert "$dir/nats/tls/admin.pem"
    --tls-key "$dir/nats/tls/admin.key")
  return 0
}

up() {
  local name missing=() program
  for name in "${SERVICES[@]}"; do [[ -x $bin/spillway-$name ]] || missing+=("spillway-$name"); done
  ((${#missing[@]} == 0)) || die "not built: ${missing[*]} (./dev build)"
  for program in redis-server prometheus psql curl setsid; do
    command -v "$program" >/dev/null || die "$program is missing (./dev setup installs it)"
  done
  mkdir -p "$dir"/{run/ports,log,config,secrets,redis,prometheus,checkpoints}
  chmod 700 "$dir/secrets"
  dir=$(readlink -f "$dir")
  for name in "${SERVICES[@]}"; do
    alive "$dir/run/$name.pid" && die "it runs already (./dev status); ./dev down stops it"
  done
  choose_ports

  if [[ -z $session ]]; then
    session=$dir/market-$scenario
    : "${speed:=20}"
    if [[ ! -e $session/manifest.json ]]; then
      say "up: making a simulated market ($scenario)"
      "$bin/spillway" sim --scenario "$scenario" --out "$session" --replace >"$dir/log/sim.log" 2>&1 ||
        die "the simulator failed: $(tail -n 1 "$dir/log/sim.log")"
    fi
  fi
  : "${speed:=1}"
  [[ -e $session/manifest.json ]] || die "$session is no session"

  say "up: servers, under $dir"
  start_nats
  start_redis
  start_postgres
  if [[ -z $discord ]]; then
    discord=$dir/secrets/discord-url
    secret discord-token
    local webhook
    webhook=1001/$(<"$dir/secrets/discord-token")
    (umask 077 && echo "http://127.0.0.1:$FAKE_DISCORD_PORT/api/v10/webhooks/$webhook" >"$discord")
    start fake-discord "$bin/spillway-fake-discord" --port "$FAKE_DISCORD_PORT" --webhook "$webhook" --bucket "$discord_bucket" \
      --store "$dir/fake-discord.jsonl"
  fi
  await nats 20 nats_ready
  await redis 20 redis_cli ping
  await postgres 30 sql -d postgres -c 'select 1'
  [[ $(sql -d postgres -c "select 1 from pg_database where datname = 'spillway'") == 1 ]] ||
    sql -d postgres -c 'create database spillway'
  write_configs
  nats_options
  "$bin/spillway" lanes create "${NATS_OPTIONS[@]}" >"$dir/log/lanes.log" 2>&1 || die "lanes: $(tail -n 1 "$dir/log/lanes.log")"
  local begins
  begins=$("$bin/spillway" log info "$session" --json | awk -F'"' '$2 == "first_time" && (!t || $4 < t) {t = $4} END {print t}')
  "$bin/spillway" profile apply "${profiles[@]}" "${NATS_OPTIONS[@]}" ${begins:+--at "$begins"} >"$dir/log/profile.log" 2>&1 ||
    die "profile: $(tail -n 1 "$dir/log/profile.log")"

  say "up: services"
  for name in journal metrics universe scoring risk notifier ingest; do start_service "$name"; done
  start_prometheus
  for name in "${SERVICES[@]}"; do await "$name" 60 ready "$name"; done
  await prometheus 30 curl -fsS "http://127.0.0.1:$PROMETHEUS_PORT/-/ready"
  printf '%sall services are ready%s\n' "$green" "$plain"
  note "plays $session at speed $speed, profiles: ${profiles[*]}"
  alive "$dir/run/fake-discord.pid" && note "alerts:      http://127.0.0.1:$FAKE_DISCORD_PORT/"
  note "Prometheus:  http://127.0.0.1:$PROMETHEUS_PORT/targets"
  note "record:      $dir/golden"
  note "next: ./dev status, ./dev logs -f, ./dev down"
}

down() {
  local name
  [[ -d $dir/run ]] || { note "nothing runs under $dir"; exit 0; }
  dir=$(readlink -f "$dir")
  say "down: services"
  # From the source on, so that each drains what the one before has said.
  for name in ingest metrics universe scoring risk notifier journal; do stop "$name" 8; done
  say "down: servers"
  for name in prometheus fake-discord redis nats; do stop "$name" 10; done
  if alive "$dir/run/postgres.pid"; then
    kill -INT "$(<"$dir/run/postgres.pid")" 2>/dev/null || true  # fast shutdown
    stop postgres 15
  fi
  rm -f "$dir"/run/ports/*.json "$dir"/run/*.child.pid
  ((purge)) && rm -rf "$dir"
  note "all stopped"
}

infrastructure() { # NAME OK DETAIL lines
  local ok detail
  ok=down && nats_ready >/dev/null 2>&1 && ok=up
  echo "nats $ok 127.0.0.1:$NATS_PORT"
  ok=down && [[ $(redis_cli ping 2>/dev/null) == PONG ]] && ok=up
  detail=$(redis_cli --scan --pattern 'spillway:*' 2>/dev/null | wc -l || true)
  echo "redis $ok 127.0.0.1:$REDIS_PORT, $detail keys"
  ok=down && sql -d spillway -c 'select 1' >/dev/null 2>&1 && ok=up
  detail=$(sql -d spillway -c 'select count(*) from alerts' 2>/dev/null || echo '?')
  echo "postgres $ok 127.0.0.1:$POSTGRES_PORT, $detail alerts"
  ok=down && curl -fsS "http://127.0.0.1:$PROMETHEUS_PORT/-/ready" >/dev/null 2>&1 && ok=up
  detail=$(curl -fsS "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/targets" 2>/dev/null | grep -o '"health":"up"' | wc -l || true)
  echo "prometheus $ok 127.0.0.1:$PROMETHEUS_PORT, $detail of ${#SERVICES[@]} targets up"
  if [[ -e $dir/run/fake-discord.pid ]]; then
    ok=down && curl -fsS "http://127.0.0.1:$FAKE_DISCORD_PORT/fake/stats" >/dev/null 2>&1 && ok=up
    echo "fake-discord $ok http://127.0.0.1:$FAKE_DISCORD_PORT/"
  fi
}

status() {
  [[ -e $dir/ports.env ]] || die "nothing was started under $dir (./dev up)"
  . "$dir/ports.env"
  if ((json)); then
    printf '{"servers":{'
    infrastructure | awk '{printf "%s\"%s\":\"%s\"", NR > 1 ? "," : "", $1, $2}'
    printf '},"services":'
    "$bin/spillway" status --ports-dir "$dir/run/ports" --json || true
    printf '}\n'
    return
  fi
  infrastructure | while read -r name ok detail; do
    printf '  %s%-13s %-5s%s %s\n' "$([[ $ok == up ]] && echo "$green" || echo "$red")" "$name" "$ok" "$plain" "$detail"
  done
  "$bin/spillway" status --ports-dir "$dir/run/ports"
}

logs() {
  local files=() name
  for name in "${wanted[@]-}"; do [[ -n $name ]] && files+=("$dir/log/$name.log"); done
  if ((${#files[@]} == 0)); then
    for name in "${SERVICES[@]}"; do files+=("$dir/log/$name.log"); done
  fi
  if ((follow)); then
    exec tail -n 20 -F "${files[@]}"
  fi
  tail -n 50 "${files[@]}"
}

case $command in
  up) up ;;
  down) down ;;
  status) status ;;
  logs) logs ;;
  *) usage; exit 64 ;;
esac
