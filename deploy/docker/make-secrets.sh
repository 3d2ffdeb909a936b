#!/bin/sh
# Makes what docker-compose.yml mounts as secrets, in deploy/docker/secrets/: the servers' passwords, NATS's users with
# their rights, and where alerts go. What is there already stays.
#   make-secrets.sh [--discord-url-file FILE] [--market-lanes N] [--out DIRECTORY]
# --discord-url-file: a file with the webhook's URL; without it alerts go to the fake Discord of the stack.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/secrets discord='' lanes=1
usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; }
while [ $# -gt 0 ]; do
  case $1 in
  -h | --help) usage; exit 0 ;;
  --discord-url-file | --market-lanes | --out)
    [ $# -ge 2 ] || { echo "make-secrets.sh: $1 needs a value" >&2; exit 64; }
    case $1 in
    --discord-url-file) discord=$2 ;;
    --market-lanes) lanes=$2 ;;
    --out) out=$2 ;;
    esac
    shift 2
    ;;
  *) echo "make-secrets.sh: unknown argument $1" >&2; usage >&2; exit 64 ;;
  esac
done
[ -z "$discord" ] || [ -s "$discord" ] || { echo "make-secrets.sh: $discord: no such file, or it is empty" >&2; exit 1; }

umask 077
mkdir -p "$out"
chmod 700 "$out"
once() { # once NAME: a random word
  [ -s "$out/$1" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$out/$1"
}

# /data is where the container keeps its streams.
"$here/../nats/make-config.sh" "$out/nats" --listen 0.0.0.0 --store /data --market-lanes "$lanes" --sync always >/dev/null
# Server 2.9, Debian 12's, does not know the key.
sed '/sync_interval/d' "$out/nats/nats-server.conf" >"$out/nats/nats-server-2.9.conf"

once redis
{
  echo 'bind * -::*'
  echo 'protected-mode yes'
  echo "requirepass $(cat "$out/redis")"
  echo 'appendonly no'
  echo 'save ""'
  echo 'maxmemory 128mb'
  echo 'dir /tmp'
} >"$out/redis.conf"
once postgres
once fake_discord_token
printf '1001/%s' "$(cat "$out/fake_discord_token")" >"$out/fake_discord_webhook"
if [ -n "$discord" ]; then
  cp "$discord" "$out/discord_url"
elif [ ! -s "$out/discord_url" ]; then
  printf 'http://fake-discord:8080/api/v10/webhooks/%s' "$(cat "$out/fake_discord_webhook")" >"$out/discord_url"
fi

# Compose mounts a file with the owner and rights it has here, and containers run as other users: the files are readable,
# the directory that holds them is not.
find "$out" -mindepth 1 -type d -exec chmod 755 {} +
find "$out" -type f -exec chmod 644 {} +
echo "make-secrets.sh: $out is complete"
