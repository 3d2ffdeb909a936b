#!/usr/bin/env bash
# The files of deploy/ and of Compose: each is accepted by what reads it, and what they name exists.
set -u
source=${SPILLWAY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
bin=${SPILLWAY_BIN:-$source/build/release/bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source"
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
SERVICES=(ingest universe metrics scoring risk oms venue notifier journal)

# Secrets: made once, kept, and not for other users of the machine.
deploy/docker/make-secrets.sh --out "$work/secrets" >"$work/log" 2>&1 || fail "make-secrets.sh: $(cat "$work/log")"
before=$(cat "$work"/secrets/redis "$work"/secrets/nats/passwords/* | sha256sum)
deploy/docker/make-secrets.sh --out "$work/secrets" >/dev/null || fail "make-secrets.sh, the second time"
[[ $(cat "$work"/secrets/redis "$work"/secrets/nats/passwords/* | sha256sum) == "$before" ]] || fail "make-secrets.sh changed secrets"
[[ $(stat -c %a "$work/secrets") == 700 ]] || fail "the directory of secrets is open to others"
deploy/docker/make-secrets.sh --out "$work/secrets" --discord-url-file "$work/none" >/dev/null 2>&1 && fail "make-secrets.sh took a file that is not there"

# Each service takes its file; in a container secrets are at /run/secrets, under the names that Compose gives them.
secret() { # secret NAME: the file that docker-compose.yml gives it
  sed -n "/^secrets:/,\$s|^  $1: {file: ./deploy/docker/secrets/\(.*\)}|\1|p" docker-compose.yml
}
for service in "${SERVICES[@]}"; do
  file=deploy/config/$service.yaml
  cp "$file" "$work/$service.yaml"
  for name in $(grep -v '^ *#' "$file" | grep -o '/run/secrets/[a-z_]*' | sed 's|.*/||' | sort -u); do
    path=$(secret "$name")
    [[ -n $path && -s $work/secrets/$path ]] || fail "$file: docker-compose.yml has no secret $name"
    sed -i "s|/run/secrets/$name\b|$work/secrets/$path|" "$work/$service.yaml"
  done
  out=$("$bin/spillway-$service" --config "$work/$service.yaml" --check 2>&1) || fail "spillway-$service --check: $out"
done
while read -r path; do
  [[ -s $work/secrets/${path#./deploy/docker/secrets/} ]] || fail "no secret file $path"
done < <(sed -n 's/.*{file: \(.*\)}$/\1/p' docker-compose.yml docker-compose.debian.yml)
# What is mounted from here, and what images are built from.
while read -r path; do
  [[ -e $path ]] || fail "docker-compose.yml mounts $path, which is not there"
done < <(sed -n 's/^ *- \(\.\/[^:]*\):.*/\1/p' docker-compose.yml)
for service in "${SERVICES[@]}"; do
  grep -q "'$service:8080'" deploy/prometheus/prometheus.yml || fail "prometheus.yml does not scrape $service"
done
if command -v promtool >/dev/null; then
  promtool check config deploy/prometheus/prometheus.yml >"$work/log" 2>&1 || fail "promtool: $(cat "$work/log")"
fi
if command -v nats-server >/dev/null || [[ -x /usr/sbin/nats-server ]]; then
  (cd "$work/secrets/nats" && PATH=$PATH:/usr/sbin nats-server -t -c nats-server-2.9.conf) >"$work/log" 2>&1 ||
    fail "nats-server: $(cat "$work/log")"
fi

# The image: what the programs here need is in Debian packages.
if SPILLWAY_SOURCE=$source sh deploy/docker/install.sh "$bin" "$work/image" >"$work/log" 2>&1; then
  for program in spillway spillway-init spillway-fake-discord spillway-metrics; do
    [[ -x $work/image/usr/local/bin/$program ]] || fail "install.sh: no $program"
  done
  grep -qx 'libnats.*' "$work/image/packages.txt" || fail "install.sh: packages.txt has no libnats"
  "$work/image/usr/local/bin/spillway" profile show ofi-classic@1 >/dev/null || fail "the installed spillway finds no profiles"
else
  fail "install.sh: $(cat "$work/log")"
fi

# Compose.
compose=()
if command -v docker-compose >/dev/null; then
  compose=(docker-compose)
elif docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
fi
if ((${#compose[@]})); then
  for files in "-f docker-compose.yml" "-f docker-compose.yml -f docker-compose.debian.yml"; do
    # shellcheck disable=SC2086 # options
    "${compose[@]}" $files --profile sim --profile tools config >"$work/config.yml" 2>"$work/log" ||
      fail "${compose[*]} $files config: $(cat "$work/log")"
    for service in "${SERVICES[@]}" nats redis postgres prometheus fake-discord init; do
      grep -q "^  $service:" "$work/config.yml" || fail "${compose[*]} $files: no service $service"
    done
  done
else
  echo "SKIPPED: compose files: neither docker-compose nor docker compose is here"
fi

((failures == 0)) && echo "ok"
exit "$((failures > 0))"
