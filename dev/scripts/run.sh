#!/usr/bin/env bash
# Builds the appliance and starts it with a simulated rack of 24 controllers; prints the address and the first login.
# Its data stands in ./run: remove that folder to begin anew.
source "$(dirname "$0")/lib.sh"

dev/scripts/setup.sh build
say "build (a few minutes the first time)"
cargo build --locked --release --package portcullis
exec "$target/release/portcullis" lab --serve --data "${DATA:-./run}" "$@"
