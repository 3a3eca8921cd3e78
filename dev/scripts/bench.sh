#!/usr/bin/env bash
# Measures speed and size on this machine, with the optimised program; the figures go to docs/measured.md.
source "$(dirname "$0")/lib.sh"
source dev/scripts/figures.sh

dev/scripts/setup.sh test
say "build"
cargo build --locked --release --package portcullis
export PORTCULLIS_BIN="$target/release/portcullis"

say "size"
{
  echo "| what | figure |"
  echo "|---|---|"
  echo "| \`portcullis\`, stripped | $(($(stat -c %s "$PORTCULLIS_BIN") / 1024)) KiB |"
  echo "| crates linked into it | $(cargo tree --locked --package portcullis --edges normal --prefix none | sort -u | wc -l) |"
} >"$PORTCULLIS_FIGURES/size.md"

say "unit hardening"
dev/scripts/hardening.sh >"$PORTCULLIS_FIGURES/hardening.md"

say "tests that measure"
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE
export PORTCULLIS_PEERS="$cache/peers/bin"
cargo test --locked --release --package e2e -- figures --test-threads 1 --nocapture
cargo test --locked --release --package policy --test proof -- figures --nocapture
write_figures
