#!/usr/bin/env bash
# Builds the appliance and starts it with a simulated rack of 24 controllers; prints the address and the first login.
# Its data stands in ./run: remove that folder to begin anew. As root the zones stand in network namespaces, and the policy is enforced there
# (data in ./run/zones); anybody else sees a policy that is planned. ZONES= (empty) does without.
source "$(dirname "$0")/lib.sh"

dev/scripts/setup.sh build
say "build (a few minutes the first time)"
cargo build --locked --release --package portcullis --package firewall
program="$target/release/portcullis"
zones="${ZONES-portcullis}"
if [ "$(id -u)" != 0 ] || [ -z "$zones" ] || ! dev/scripts/zones.sh up "$zones"; then
  exec "$program" lab --serve --data "${DATA:-./run}" "$@"
fi
trap 'dev/scripts/zones.sh down "$zones"' EXIT
mkdir -p "${DATA:-./run}"
"$program" lab --serve --zones "$zones" --data "${DATA:-./run}/zones" "$@" &
appliance=$!
trap 'kill -TERM "$appliance" 2>/dev/null || true' TERM INT
status=0
# A signal ends the wait and not the appliance: it is waited for until it has stopped.
while kill -0 "$appliance" 2>/dev/null; do
  wait "$appliance" && status=0 || status=$?
done
exit "$status"
