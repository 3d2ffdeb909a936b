#!/usr/bin/env bash
# Keeps one service running: supervise.sh PIDFILE LOGFILE COMMAND...
# Restarts what died, after 1, 2, 4 ... 30 s (again 1 s once it has lived a minute). Not what was asked to end (0), and
# not what a person has to mend first: wrong use (64), refused credentials (77), refused configuration (78).
set -u
pidfile=$1 logfile=$2
shift 2
child=0 asked=0
trap 'asked=1; ((child)) && kill -TERM "$child" 2>/dev/null' TERM INT
pause=1
while true; do
  begin=$SECONDS
  "$@" >>"$logfile" 2>&1 &
  child=$!
  echo "$child" >"$pidfile"
  code=0
  wait "$child" || code=$?
  # A signal to us ends wait early: the child is still finishing.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  child=0
  case $code in 0 | 64 | 77 | 78) asked=1 ;; esac
  ((asked)) && break
  ((SECONDS - begin >= 60)) && pause=1
  echo "{\"level\":\"warning\",\"event\":\"restarting\",\"exit_code\":$code,\"pause_s\":$pause}" >>"$logfile"
  sleep "$pause" &
  child=$!
  wait "$child"
  child=0
  ((asked)) && break
  pause=$((pause * 2 > 30 ? 30 : pause * 2))
done
rm -f "$pidfile"
exit "$code"
