#!/bin/sh
# spillway-init: what must be there before the services: a market to play, lanes, profiles in force. Run again it changes
# nothing but what was asked for anew.
#   SPILLWAY_SCENARIO           a shipped scenario, simulated if there is no session yet (default demo)
#   SPILLWAY_PROFILES_IN_FORCE  names or files, the first active, the others in shadow (default ofi-classic@1)
#   SPILLWAY_EXECUTION          alert_only, confirm or auto, of the first profile, instead of its own
#   SPILLWAY_RISK_PROFILE       what the account may do; without one nothing becomes an order
#   SPILLWAY_VENUE              how the simulated venue trades ("simulated"); without one nobody works orders
#   SPILLWAY_MARKET_LANES       default 1, as in the services' configuration
set -eu
market=/var/lib/spillway/market/session
admin="--nats nats://nats:4222 --user admin --password-file /run/secrets/nats_admin --market-lanes ${SPILLWAY_MARKET_LANES:-1}"

if [ ! -e "$market/manifest.json" ]; then
  spillway sim --scenario "${SPILLWAY_SCENARIO:-demo}" --out "$market" --replace
fi
begins=$(spillway log info "$market" --json | awk -F'"' '$2 == "first_time" && (!t || $4 < t) { t = $4 } END { print t }')
# shellcheck disable=SC2086 # lists of words
spillway lanes create $admin
# shellcheck disable=SC2086
spillway profile apply ${SPILLWAY_PROFILES_IN_FORCE:-ofi-classic@1} $admin ${begins:+--at "$begins"} \
  ${SPILLWAY_EXECUTION:+--execution "$SPILLWAY_EXECUTION"} ${SPILLWAY_RISK_PROFILE:+--risk-profile "$SPILLWAY_RISK_PROFILE"} \
  ${SPILLWAY_VENUE:+--venue "$SPILLWAY_VENUE"}
