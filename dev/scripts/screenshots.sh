#!/usr/bin/env bash
# Makes the pictures of README and manual anew: docs/images/*.png, from the demonstration with acts under way.
source "$(dirname "$0")/lib.sh"

dev/scripts/setup.sh test
cargo build --locked --package portcullis --package firewall
if [ "$(id -u)" = 0 ]; then
  export ZONES="pictures$$"
  dev/scripts/zones.sh up "$ZONES" 24
  trap 'dev/scripts/zones.sh down "$ZONES"' EXIT
fi
PORTCULLIS_BIN="$target/debug/portcullis" cargo run --quiet --locked --package e2e --bin screenshots
ls -l docs/images
