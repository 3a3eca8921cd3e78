#!/usr/bin/env bash
# Makes the pictures of README and manual anew: docs/images/*.png, from the demonstration with acts under way.
source "$(dirname "$0")/lib.sh"

dev/scripts/setup.sh test
cargo build --locked --package portcullis
PORTCULLIS_BIN="$target/debug/portcullis" cargo run --quiet --locked --package e2e --bin screenshots
ls -l docs/images
