#!/bin/sh
# Writes what a NATS server of a Spillway stack needs into OUTDIR: nats-server.conf, one user a service with the least
# rights by subject, its password in passwords/<user>, and, with --tls on, an authority and certificates in tls/.
# docs/jetstream.md says who may do what. Passwords and certificates that are there already stay; the rest is written anew.
set -eu

usage() {
  cat <<'USAGE'
Usage: make-config.sh OUTDIR [option...]
  --listen ADDRESS     default 127.0.0.1
  --port N             default 4222
  --http-port N        monitoring (/healthz, /jsz), on the same address; 0: none; default 8222
  --store DIRECTORY    JetStream's files; default OUTDIR/store
  --max-file SIZE      most that all streams may reserve; default 8GB a lane, and 8GB for dead letters
  --market-lanes N     default 1
  --prefix NAME        of streams and subjects; default spillway
  --tls on|off         default off; on: the server asks for clients' certificates too
  --host NAME          with --tls on: one more name of the server in its certificate
  --sync always|no     whether the server syncs each message to disk before it acknowledges; default: always where
                       the nats-server in PATH knows it (2.10), else no
  --name NAME          the server's; default spillway
  --cluster NAME --cluster-port N --routes URL,URL
                       one of several servers, for streams with replicas
USAGE
}
die() {
  echo "make-config.sh: $*" >&2
  exit 64
}

case ${1:-} in
'') usage >&2; exit 64 ;;
-h | --help) usage; exit 0 ;;
-*) die "the first argument is the directory to write to, not $1" ;;
esac
out=$1
shift
listen=127.0.0.1 port=4222 http_port=8222 store= max_file= market_lanes=1 prefix=spillway tls=off host= sync= name=spillway
cluster= cluster_port= routes=
while [ $# -gt 0 ]; do
  [ "$1" != --help ] || { usage; exit 0; }
  [ $# -ge 2 ] || die "$1 needs a value"
  case $1 in
  --listen) listen=$2 ;;
  --port) port=$2 ;;
  --http-port) http_port=$2 ;;
  --store) store=$2 ;;
  --max-file) max_file=$2 ;;
  --market-lanes) market_lanes=$2 ;;
  --prefix) prefix=$2 ;;
  --tls) tls=$2 ;;
  --host) host=$2 ;;
  --sync) sync=$2 ;;
  --name) name=$2 ;;
  --cluster) cluster=$2 ;;
  --cluster-port) cluster_port=$2 ;;
  --routes) routes=$2 ;;
  *) die "unknown option $1 (--help lists them)" ;;
  esac
  shift 2
done
case $tls in on | off) ;; *) die "--tls $tls: on or off" ;; esac
case $market_lanes in '' | *[!0-9]* | 0) die "--market-lanes $market_lanes: a number from 1" ;; esac
case $prefix in '' | *[!a-z0-9_]*) die "--prefix $prefix: small letters, digits and _" ;; esac
max_file=${max_file:-$((8 * (2 * market_lanes + 2) + 1))GB}
[ -z "$cluster" ] || [ -n "$cluster_port" ] || die "--cluster needs --cluster-port"

umask 077
mkdir -p "$out/passwords"
out=$(cd "$out" && pwd)
store=${store:-$out/store}
case $store in "$out"/*) mkdir -p "$store" ;; esac  # another one is the server's to make

users='ingest universe metrics scoring risk oms venue notifier journal gateway operator admin'
for user in $users; do
  [ -s "$out/passwords/$user" ] ||
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$out/passwords/$user"
done

# --- Rights. Every function prints subjects, one a line.

lanes() { # lanes market|features: all of the kind
  i=0
  while [ "$i" -lt "$market_lanes" ]; do
    echo "$1.$i"
    i=$((i + 1))
  done
}
stream() { echo "${prefix}_$1" | tr . _; }
look() { # at the state and at single messages of a stream
  echo "\$JS.API.STREAM.INFO.$1"
  echo "\$JS.API.STREAM.MSG.GET.$1"
}
read_lane() {
  s=$(stream "$1")
  look "$s"
  echo "\$JS.API.CONSUMER.CREATE.$s"
  echo "\$JS.API.CONSUMER.CREATE.$s.>"
  echo "\$JS.FC.$s.>" # flow control
}
write_lane() { # write_lane LANE PRODUCER
  look "$(stream "$1")"
  echo "$prefix.v1.$1.$2"
}
read_kind() { for lane in $(lanes "$1"); do read_lane "$lane"; done; }
write_kind() { for lane in $(lanes "$1"); do write_lane "$lane" "$2"; done; }
make_streams() {
  for s in $(for lane in $(lanes market) $(lanes features) trading dead_letters; do stream "$lane"; done) \
    "KV_${prefix}_leases" "KV_${prefix}_positions"; do
    echo "\$JS.API.STREAM.INFO.$s"
    echo "\$JS.API.STREAM.CREATE.$s"
    echo "\$JS.API.STREAM.UPDATE.$s"
  done
}
every_service() { # a lease and a position of its own, dead letters
  echo "\$JS.API.STREAM.NAMES"
  look "KV_${prefix}_leases"
  echo "\$KV.${prefix}_leases.$1"
  echo "\$KV.${prefix}_leases.$1.>"
  look "KV_${prefix}_positions"
  echo "\$KV.${prefix}_positions.$1.>"
  echo "\$JS.API.STREAM.INFO.${prefix}_dead_letters"
  echo "$prefix.v1.dead.$1"
}
rights() {
  case $1 in
  admin) echo '>'; return ;;
  ingest) make_streams; write_kind market ingest ;;
  universe) read_kind features; write_kind market universe ;;
  metrics) read_kind market; write_kind features metrics ;;
  scoring) read_kind features; write_lane trading scoring ;;
  risk) read_lane trading; write_lane trading risk; write_lane trading host; echo "\$KV.${prefix}_leases.host" ;;
  oms) read_lane trading; write_lane trading oms; write_lane trading broker ;;
  venue) read_kind market; read_lane trading; write_lane trading broker ;;
  notifier) read_kind market; read_lane trading; write_lane trading notifier; write_lane trading delivery ;;
  journal) read_kind market; read_kind features; read_lane trading; write_lane trading journal ;;
  gateway)
    read_kind market; read_kind features; read_lane trading
    write_kind market gateway; write_lane trading gateway
    ;;
  # A person: commands on the trading lane, and what follows from them. No service, so no lease, position or dead letters.
  operator) read_lane trading; write_lane trading gateway; echo "\$JS.API.STREAM.NAMES"; return ;;
  esac
  every_service "$1"
}
user_block() {
  echo "    {"
  echo "      user: $1"
  echo "      password: \"$(cat "$out/passwords/$1")\""
  echo "      permissions: {"
  echo "        publish: { allow: ["
  rights "$1" | sort -u | sed 's/.*/          "&"/'
  echo "        ] }"
  if [ "$1" = admin ]; then
    echo '        subscribe: { allow: [">"] }'
  else
    echo "        subscribe: { allow: [\"_INBOX_$1.>\"] }"
  fi
  echo "      }"
  echo "    }"
}
{
  echo "# Written by make-config.sh. Holds passwords: readable by its owner alone."
  echo "accounts: {"
  echo "  SPILLWAY: {"
  echo "    jetstream: enabled"
  echo "    users: ["
  for user in $users; do user_block "$user"; done
  echo "    ]"
  echo "  }"
  echo "  SYS: {}"
  echo "}"
  echo "system_account: SYS"
} >"$out/users.conf.new"
mv "$out/users.conf.new" "$out/users.conf"

# --- Certificates: an authority of this stack's own, one certificate for the server and one for each user.

certificate() { # certificate NAME SUBJECT_ALTERNATIVE_NAMES USAGE
  [ ! -s "$out/tls/$1.pem" ] || return 0
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$out/tls/$1.key" -out "$out/tls/$1.csr" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$2" "$3" >"$out/tls/$1.ext"
  openssl x509 -req -in "$out/tls/$1.csr" -CA "$out/tls/ca.pem" -CAkey "$out/tls/ca.key" -CAcreateserial \
    -days 825 -extfile "$out/tls/$1.ext" -out "$out/tls/$1.pem" 2>/dev/null
  rm "$out/tls/$1.csr" "$out/tls/$1.ext"
}
if [ "$tls" = on ]; then
  command -v openssl >/dev/null || die "--tls on needs openssl"
  mkdir -p "$out/tls"
  [ -s "$out/tls/ca.pem" ] ||
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=spillway" \
      -addext "keyUsage=critical,keyCertSign,cRLSign" \
      -keyout "$out/tls/ca.key" -out "$out/tls/ca.pem" 2>/dev/null
  certificate server "DNS:localhost,DNS:nats,IP:127.0.0.1${host:+,DNS:$host}" serverAuth,clientAuth
  for user in $users; do certificate "$user" "DNS:$user" clientAuth; done
fi

# --- The server.

if [ -z "$sync" ]; then
  sync=no
  version=$(nats-server --version 2>/dev/null | sed 's/.*v//' || true)
  case $version in
  '' | 0.* | 1.* | 2.[0-9].* | 2.[0-9]) ;;
  *) sync=always ;;
  esac
fi
{
  echo "# Written by make-config.sh."
  echo "server_name: \"$name\""
  echo "listen: \"$listen:$port\""
  [ "$http_port" = 0 ] || echo "http: \"$listen:$http_port\""
  echo "max_payload: 8MB    # the longest message of a lane"
  echo "max_pending: 256MB  # a connection's: several readers of one process, 32 MB of flow control each"
  echo "ping_interval: \"10s\""
  echo "jetstream {"
  echo "  store_dir: \"$store\""
  echo "  max_mem: 256MB"
  echo "  max_file: $max_file"
  case $sync in
  always) echo "  sync_interval: always" ;;
  no) ;;
  *) die "--sync $sync: always or no" ;;
  esac
  echo "}"
  if [ "$tls" = on ]; then
    echo "tls {"
    echo "  cert_file: \"$out/tls/server.pem\""
    echo "  key_file: \"$out/tls/server.key\""
    echo "  ca_file: \"$out/tls/ca.pem\""
    echo "  verify: true"
    echo "}"
  fi
  if [ -n "$cluster" ]; then
    echo "cluster {"
    echo "  name: \"$cluster\""
    echo "  listen: \"$listen:$cluster_port\""
    echo "  routes: [$(echo "$routes" | sed 's/[^,]*/"&"/g')]"
    echo "}"
  fi
  echo "include \"users.conf\""
} >"$out/nats-server.conf.new"
mv "$out/nats-server.conf.new" "$out/nats-server.conf"
echo "make-config.sh: wrote $out/nats-server.conf (sync: $sync, tls: $tls)"
