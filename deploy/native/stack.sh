#!/usr/bin/env bash
# The whole stack on this machine, from Debian's packages and build/release/bin, without root: ./dev up, down, status,
# logs. Everything it writes is under one directory.
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..
root=$(readlink -f "$root")
bin=${SPILLWAY_BIN:-$root/build/release/bin}
here=$root/deploy/native
SERVICES=(ingest universe metrics scoring risk notifier journal)  # and oms, venue with a broker

usage() {
  cat <<'TEXT'
usage: ./dev up [OPTIONS] | down | status [--json] | logs [SERVICE] [-f] | admin COMMAND ...

  up       starts nats-server, redis-server, PostgreSQL, Prometheus and the services
    --sim              play a simulated morning (the default)
    --scenario NAME    play another scenario of the simulator
    --session DIR      play a recorded session
    --speed N          1: as recorded; 0: as fast as the readers can follow (default: 20 with --sim, else 1)
    --profile P        profile in force, name@version or a YAML file; more than one: the others run in shadow
                       (default ofi-classic@1; with a broker examples/small-account-sim.yaml)
    --broker sim|venue orders: sim: worked by the simulated venue; venue: by a fake venue with an account of its own, over
                       its protocol (default: nothing becomes an order). Plays the scenario small-caps unless told otherwise
    --execution MODE   of the first profile, instead of its own: alert_only, confirm, auto
    --risk-profile R   what the account may do (default with a broker: small-account-paper@1)
    --venue FILE       how the simulated venue trades (default: simulated)
    --discord-url-file FILE   where alerts go: a file with the webhook's URL (default: a fake Discord of its own)
    --messages-per-minute N   the notifier's own limit (default 30)
    --discord-bucket N        requests that the fake Discord takes in 2 s (default 5, as Discord); 0: any number
    --market-lanes N   default 1
    --tls              NATS with TLS and client certificates
  down     stops them, services first; --purge removes the directory too
  status   what runs, what is missing, how far each service is
  logs     the services' logs; -f follows
  admin    spillway admin COMMAND on this stack, as its user operator: ./dev admin kill --reason 'the feed is wrong'

All take --dir DIR (default build/stack): stacks in several directories run side by side. Ports are free ones, chosen at
the first up and kept in DIR/ports.env; set them there, or in the environment (NATS_PORT, REDIS_PORT, POSTGRES_PORT,
PROMETHEUS_PORT, FAKE_DISCORD_PORT, FAKE_VENUE_PORT, INGEST_PORT, INGEST_GRPC_PORT, ...) before it. What is played and the number of lanes
belong to DIR: for others take another --dir, or ./dev down --purge first. up again after down goes on where it was.
status ends with 0 if all is up and ready, 1 if not. docs/operation.md has the rest.
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
dir=$root/build/stack scenario='' session='' speed='' broker='' execution='' risk_profile='' venue='' discord='' messages_per_minute=30 discord_bucket=5 lanes=1 tls=off
purge=0 json=0 follow=0 profiles=() wanted=()
admin_arguments=()
if [[ $command == admin ]]; then  # all but --dir is the program's
  while (($#)); do
    if [[ $1 == --dir ]]; then
      dir=$(readlink -m "${2:?--dir needs a value}") && shift 2
    elif [[ $1 == --dir=* ]]; then
      dir=$(readlink -m "${1#--dir=}") && shift
    else
      admin_arguments+=("$1") && shift
    fi
  done
fi
number() { [[ $2 =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "$1 $2: expected a number"; }
whole() { [[ $2 =~ ^[0-9]+$ ]] || die "$1 $2: expected a whole number"; }
file() { # file OPTION PATH WHAT: its absolute path
  [[ -e $2 ]] || die "$1 $2: no such $3"
  REPLY=$(readlink -f "$2")
}
while (($#)); do
  case $1 in
    --dir | --scenario | --session | --speed | --profile | --broker | --execution | --risk-profile | --venue | --discord-url-file | --messages-per-minute | --discord-bucket | --market-lanes)
      (($# >= 2)) || die "$1 needs a value; see ./dev up --help"
      case $1 in
        --dir) dir=$(readlink -m "$2") ;;
        --scenario) scenario=$2 ;;
        --session) file "$1" "$2" session && session=$REPLY ;;
        --speed) number "$1" "$2" && speed=$2 ;;
        --profile) profiles+=("$2") ;;
        --broker)
          case $2 in none | sim | venue) broker=$2 ;; *) die "--broker $2: sim, venue or none" ;; esac
          ;;
        --execution)
          case $2 in alert_only | confirm | auto) execution=$2 ;; *) die "--execution $2: alert_only, confirm or auto" ;; esac
          ;;
        --risk-profile) risk_profile=$2 ;;
        --venue) venue=$2 ;;
        --discord-url-file) file "$1" "$2" file && discord=$REPLY ;;
        --messages-per-minute) whole "$1" "$2" && messages_per_minute=$2 ;;
        --discord-bucket) whole "$1" "$2" && discord_bucket=$2 ;;
        --market-lanes) whole "$1" "$2" && lanes=$2 ;;
      esac
      shift
      ;;
    --sim) scenario='' ;;  # the default
    --tls) tls=on ;;
    --purge) purge=1 ;;
    --json) json=1 ;;
    -f | --follow) follow=1 ;;
    -h | --help) usage; exit 0 ;;
    -*) die "unknown option $1; see ./dev up --help" ;;
    *)
      [[ $command == logs ]] || die "$command takes no '$1'; see ./dev up --help"
      wanted+=("$1")
      ;;
  esac
  shift
done
((lanes >= 1 && lanes <= 64)) || die "--market-lanes $lanes: from 1 to 64"
dir_option=''
[[ $dir == "$root/build/stack" ]] || dir_option="--dir $dir"
# A stack keeps its broker: the other commands find it there.
[[ -n $broker ]] || { [[ $command != up && -e $dir/config/broker ]] && broker=$(<"$dir/config/broker"); } || broker=none
[[ $broker == none ]] || SERVICES+=(oms)
[[ $broker != sim ]] || SERVICES+=(venue)
if [[ $broker == none ]]; then
  : "${scenario:=demo}"
  ((${#profiles[@]})) || profiles=(ofi-classic@1)
else
  : "${scenario:=small-caps}" "${risk_profile:=small-account-paper@1}"
  ((${#profiles[@]})) || profiles=("$root/examples/small-account-sim.yaml")
fi
[[ $broker != sim ]] || : "${venue:=simulated}"

# ---------------------------------------------------------------- processes

# A process is its id and when it began: ids are used again.
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
# A process that has ended and was not reaped yet (in a container whose first process is slow at it) is gone.
running() { kill -0 "$1" 2>/dev/null && [[ $(ps -o stat= -p "$1" 2>/dev/null) != Z* ]]; }
# alive PIDFILE: sets pid.
alive() {
  local since
  pid=''
  [[ -s $1 ]] || return 1
  read -r pid since <"$1" || true
  running "$pid" && [[ -z $since || $since == "$(began "$pid")" ]]
}

# start NAME COMMAND...: a server, its pid in run/NAME.pid, its output in log/NAME.log.
start() {
  local name=$1 pid
  shift
  if alive "$dir/run/$name.pid"; then
    note "$name runs already"
    return
  fi
  setsid "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
  echo "$! $(began $!)" >"$dir/run/$name.pid"
}

# stop NAME SECONDS: TERM, and KILL when it takes too long.
stop() {
  local pid i
  alive "$dir/run/$1.pid" || { rm -f "$dir/run/$1.pid"; return 0; }
  kill -TERM "$pid" 2>/dev/null || true
  for ((i = 0; i < $2 * 20; ++i)); do
    running "$pid" || break
    sleep 0.05
  done
  if running "$pid"; then
    note "${yellow}$1 did not stop within $2 s: killed$plain"
    kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -f "$dir/run/$1.pid"
}

last_words() { # of NAME's log
  tail -n 3 "$dir/log/$1.log" 2>/dev/null | cut -c1-600 | sed 's/^/      /' >&2
}
# await NAME SECONDS COMMAND...: until it succeeds. A process that ends meanwhile is not waited for.
await() {
  local name=$1 seconds=$2 i pid
  shift 2
  for ((i = 0; i < seconds * 10; ++i)); do
    "$@" >/dev/null 2>&1 && return 0
    if ! alive "$dir/run/$name.pid"; then
      last_words "$name"
      die "$name has ended; its log: $dir/log/$name.log. What has started runs on: ./dev down${dir_option:+ $dir_option}"
    fi
    sleep 0.1
  done
  last_words "$name"
  die "$name is not ready after $seconds s; its log: $dir/log/$name.log. What has started runs on: ./dev down${dir_option:+ $dir_option}"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 12000))  # below those that the system gives to clients
    [[ " ${taken[*]-} " == *" $port "* ]] && continue
    port_is_free "$port" && break
  done
  taken+=("$port")
  REPLY=$port
}

# Ports are chosen once and kept, so that what points at them stays right.
choose_ports() {
  local name
  local names=(NATS_PORT NATS_HTTP_PORT REDIS_PORT POSTGRES_PORT PROMETHEUS_PORT FAKE_DISCORD_PORT)
  [[ $broker != venue ]] || names+=(FAKE_VENUE_PORT FAKE_VENUE_HTTP_PORT)
  local service
  for service in "${SERVICES[@]}"; do names+=("${service^^}_PORT" "${service^^}_GRPC_PORT"); done
  [[ -e $dir/ports.env ]] && . "$dir/ports.env"
  taken=()
  : >"$dir/ports.env.new"
  for name in "${names[@]}"; do
    if [[ -z ${!name:-} ]]; then
      free_port
      printf -v "$name" '%s' "$REPLY"
    elif ! port_is_free "${!name}"; then
      local owner=${name%_PORT} pid
      owner=${owner%_HTTP} owner=${owner%_GRPC} owner=${owner,,}
      alive "$dir/run/${owner//_/-}.pid" ||
        die "port ${!name} ($name) is taken by another process: set another one in $dir/ports.env, or remove that file"
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

postgres_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
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

# A venue with an account of its own, that plays the session as ingest does.
start_fake_venue() {
  local cash
  cash=$("$bin/spillway" risk show "$risk_profile" | awk '/^account:/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && $1 == "equity:" { print $2 }')
  start fake-venue "$bin/spillway-fake-venue" --port "$FAKE_VENUE_PORT" --control-port "$FAKE_VENUE_HTTP_PORT" \
    --tls-dir "$dir/fake-venue" --account PA-1 --key "$(<"$dir/secrets/venue-key")" --secret "$(<"$dir/secrets/venue-secret")" \
    --cash "${cash:-100000}" --fee 0.0035 --store "$dir/fake-venue/books.json" --session "$session" --speed "$speed"
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
  if [[ $broker == sim ]]; then
    cat >>"$dir/config/oms.yaml" <<CONF
broker: {kind: simulated}
CONF
  elif [[ $broker == venue ]]; then
    cat >>"$dir/config/oms.yaml" <<CONF
broker:
  kind: venue
  address: localhost:$FAKE_VENUE_PORT
  account: PA-1
  key_file: $dir/secrets/venue-key
  secret_file: $dir/secrets/venue-secret
  tls_ca_file: $dir/fake-venue/ca.pem
CONF
  fi
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

# belongs WHAT VALUE: what the lanes were begun with; the services would refuse them with another value.
belongs() {
  local file=$dir/config/$1
  [[ ! -e $file || $(<"$file") == "$2" ]] ||
    die "the lanes in $dir were begun with $1 $(<"$file"), not $2: take another --dir, or ./dev down --purge first"
}

up() {
  local name pid missing=() program
  for name in "${SERVICES[@]}"; do [[ -x $bin/spillway-$name ]] || missing+=("spillway-$name"); done
  ((${#missing[@]} == 0)) || die "not built: ${missing[*]} (./dev build)"
  for program in nats-server redis-server redis-cli prometheus psql curl setsid ps; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || die "$program is missing (./dev setup installs it)"
  done
  [[ -n $(postgres_bin) ]] || die "PostgreSQL is missing (./dev setup installs it)"
  mkdir -p "$dir" 2>/dev/null && [[ -w $dir ]] || die "cannot write to $dir: choose another --dir"
  mkdir -p "$dir"/{run/ports,log,config,secrets,redis,prometheus,checkpoints}
  chmod 700 "$dir/secrets"
  dir=$(readlink -f "$dir")
  local alive_count=0
  for name in "${SERVICES[@]}"; do alive "$dir/run/$name.pid" && alive_count=$((alive_count + 1)); done
  ((alive_count < ${#SERVICES[@]})) || die "it runs already: ./dev status${dir_option:+ $dir_option}; ./dev down stops it"
  ((alive_count == 0)) || note "$alive_count of ${#SERVICES[@]} services run already: starting the others"
  choose_ports

  local scenario_session=''
  if [[ -z $session ]]; then
    session=$dir/market-$(basename "$scenario" .yaml) scenario_session=$session
    : "${speed:=20}"
  fi
  : "${speed:=1}"
  belongs session "$session"
  belongs market-lanes "$lanes"
  belongs broker "$broker"
  if [[ -n $scenario_session && ! -e $session/manifest.json ]]; then
    say "up: making a simulated market ($scenario)"
    "$bin/spillway" sim --scenario "$scenario" --out "$session" --replace >"$dir/log/sim.log" 2>&1 ||
      die "the simulator failed: $(tail -n 1 "$dir/log/sim.log")"
  fi
  [[ -e $session/manifest.json ]] || die "$session is no session (a directory that spillway import, sim or run made)"

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
  echo "$session" >"$dir/config/session"
  echo "$lanes" >"$dir/config/market-lanes"
  echo "$broker" >"$dir/config/broker"
  local trading=()
  [[ -z $execution ]] || trading+=(--execution "$execution")
  [[ -z $risk_profile ]] || trading+=(--risk-profile "$risk_profile")
  [[ -z $venue ]] || trading+=(--venue "$venue")
  local begins
  begins=$("$bin/spillway" log info "$session" --json | awk -F'"' '$2 == "first_time" && (!t || $4 < t) {t = $4} END {print t}')
  "$bin/spillway" profile apply "${profiles[@]}" "${trading[@]}" "${NATS_OPTIONS[@]}" ${begins:+--at "$begins"} >"$dir/log/profile.log" 2>&1 ||
    die "profile: $(tail -n 1 "$dir/log/profile.log")"

  say "up: services"
  for name in journal metrics universe scoring risk; do start_service "$name"; done
  if [[ $broker == venue ]]; then
    secret venue-key
    secret venue-secret
    start_fake_venue
    await fake-venue 20 test -s "$dir/fake-venue/ca.pem"
  fi
  [[ $broker == none ]] || start_service oms
  [[ $broker != sim ]] || start_service venue
  for name in notifier ingest; do start_service "$name"; done
  start_prometheus
  for name in "${SERVICES[@]}"; do await "$name" 60 ready "$name"; done
  await prometheus 30 curl -fsS "http://127.0.0.1:$PROMETHEUS_PORT/-/ready"
  printf '%sall services are ready%s\n' "$green" "$plain"
  note "plays $session at speed $speed, profiles: ${profiles[*]}"
  [[ $broker == none ]] || note "broker:      $broker, risk profile $risk_profile; ./dev admin --help"
  alive "$dir/run/fake-venue.pid" && note "fake venue:  http://127.0.0.1:$FAKE_VENUE_HTTP_PORT/fake/snapshot"
  alive "$dir/run/fake-discord.pid" && note "alerts:      http://127.0.0.1:$FAKE_DISCORD_PORT/"
  note "Prometheus:  http://127.0.0.1:$PROMETHEUS_PORT/targets"
  note "record:      $dir/golden"
  note "next: ./dev status, ./dev logs -f, ./dev down${dir_option:+, each with $dir_option}"
}

down() {
  local name pid any=0
  for name in "$dir"/run/*.pid; do alive "$name" && any=1; done
  if ((any == 0)); then
    note "nothing runs under $dir"
  else
    say "down: services"
    # From the source on, so that each drains what the one before has said.
    for name in ingest metrics universe scoring risk oms venue notifier journal; do
      stop "$name" 8
      stop "$name.child" 8  # whose supervisor was killed
    done
    say "down: servers"
    for name in prometheus fake-discord fake-venue redis nats; do stop "$name" 10; done
    if alive "$dir/run/postgres.pid"; then
      kill -INT "$pid" 2>/dev/null || true  # fast shutdown
      stop postgres 15
    fi
    note "all stopped"
  fi
  rm -f "$dir"/run/ports/*.json "$dir"/run/*.pid
  ((purge == 0)) || purge_directory
}
# Only what is a stack's.
purge_directory() {
  [[ -d $dir ]] || return 0
  [[ -e $dir/ports.env || -z $(ls -A "$dir") ]] || die "$dir is no stack's directory: not removed"
  rm -rf "$dir"
  note "removed $dir"
}

infrastructure() { # NAME OK DETAIL lines
  local ok detail pid
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
  if [[ -e $dir/run/fake-venue.pid ]]; then
    ok=down && curl -fsS "http://127.0.0.1:$FAKE_VENUE_HTTP_PORT/fake/stats" >/dev/null 2>&1 && ok=up
    echo "fake-venue $ok http://127.0.0.1:$FAKE_VENUE_HTTP_PORT/fake/snapshot"
  fi
}
# Services that have ended, or are between two attempts: they have no port file that spillway status could ask.
ended() {
  local name pid
  for name in "${SERVICES[@]}"; do
    alive "$dir/run/$name.child.pid" || echo "$name"
  done
}

status() {
  [[ -e $dir/ports.env ]] || die "nothing was started under $dir (./dev up)"
  . "$dir/ports.env"
  local servers down services code=0
  servers=$(infrastructure)
  down=$(ended)
  [[ -z $down ]] && ! grep -q '^[^ ]* down ' <<<"$servers" || code=1
  mkdir -p "$dir/run/ports"
  if ((json)); then
    services=$("$bin/spillway" status --ports-dir "$dir/run/ports" --json 2>/dev/null) || code=1
    printf '{"servers":{%s},"ended":[%s],"services":%s}\n' \
      "$(awk '{printf "%s\"%s\":\"%s\"", (NR > 1 ? "," : ""), $1, $2}' <<<"$servers")" \
      "$(awk 'NF {printf "%s\"%s\"", (NR > 1 ? "," : ""), $1}' <<<"$down")" "${services:-null}"
    return "$code"
  fi
  while read -r name ok detail; do
    printf '  %s%-13s %-5s%s %s\n' "$([[ $ok == up ]] && echo "$green" || echo "$red")" "$name" "$ok" "$plain" "$detail"
  done <<<"$servers"
  for name in $down; do printf '  %s%-13s ended%s see ./dev logs %s\n' "$red" "$name" "$plain" "$name${dir_option:+ $dir_option}"; done
  (($(wc -w <<<"$down") == ${#SERVICES[@]})) || "$bin/spillway" status --ports-dir "$dir/run/ports" || code=1
  return "$code"
}

logs() {
  local files=() name
  [[ -d $dir/log ]] || die "nothing was started under $dir (./dev up)"
  for name in "${wanted[@]}"; do
    [[ -e $dir/log/$name.log ]] ||
      die "there is no log of '$name'; there are: $(cd "$dir/log" && printf '%s\n' *.log | sed 's/\.log$//' | tr '\n' ' ')"
    files+=("$dir/log/$name.log")
  done
  if ((${#files[@]} == 0)); then
    for name in "${SERVICES[@]}"; do
      [[ -e $dir/log/$name.log ]] && files+=("$dir/log/$name.log")
    done
  fi
  ((${#files[@]})) || die "no service was started under $dir (./dev up)"
  if ((follow)); then
    exec tail -n 20 -F "${files[@]}"
  fi
  tail -n 50 "${files[@]}"
}

# As the user that may command and nothing else.
admin() {
  [[ -e $dir/ports.env ]] || die "nothing was started under $dir (./dev up)"
  . "$dir/ports.env"
  local subcommand=${admin_arguments[0]:---help} rest=("${admin_arguments[@]:1}") options=()
  case $subcommand in
    -*) exec "$bin/spillway" admin "$subcommand" ;;
    limits) options=(--ports-dir "$dir/run/ports") ;;
    *)
      options=(--nats "nats://127.0.0.1:$NATS_PORT" --user operator --password-file "$dir/nats/passwords/operator")
      [[ ! -e $dir/nats/tls/operator.pem ]] || options+=(--tls-ca "$dir/nats/tls/ca.pem"
        --tls-cert "$dir/nats/tls/operator.pem" --tls-key "$dir/nats/tls/operator.key")
      ;;
  esac
  exec "$bin/spillway" admin "$subcommand" "${options[@]}" "${rest[@]}"
}

case $command in
  up) up ;;
  admin) admin ;;
  down) down ;;
  status) status ;;
  logs) logs ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit 64 ;;
esac
