#!/usr/bin/env bash
# What takes too long for every run: kill tests in full, hours of fuzzing, the benches; figures go to docs/measured.md.
# Each can be made shorter or longer by a variable:
#   PORTCULLIS_PROVE_KILLS          how often the appliance is killed under load (300)
#   PORTCULLIS_PROVE_FUZZ_SECONDS   how long each parser is fuzzed (1800)
#   PORTCULLIS_PROVE_LOCKOUTS       how many policies lock the administrator out (100)
# The sweep of a /16, the policies that are held against the kernel, and the firewall's tests need root, for network namespaces of their own.
source "$(dirname "$0")/lib.sh"
source dev/scripts/figures.sh

dev/scripts/setup.sh prove
export PORTCULLIS_PROVE_KILLS="${PORTCULLIS_PROVE_KILLS:-300}"
seconds="${PORTCULLIS_PROVE_FUZZ_SECONDS:-1800}"

fuzz() {
  local name log runs
  echo "| target | seconds | inputs | found |"
  echo "|---|---|---|---|"
  for name in fuzz/fuzz_targets/*.rs; do
    name="$(basename "$name" .rs)"
    log="$(mktemp)"
    mkdir -p "fuzz/corpus/$name"
    say "fuzz $name for $seconds s" >&2
    # A stable compiler is let to switch the sanitizer on; the appliance itself is never built so.
    if ! RUSTC_BOOTSTRAP=1 cargo fuzz run "$name" "fuzz/corpus/$name" "fuzz/seeds/$name" -- \
      -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 >"$log" 2>&1; then
      tail -40 "$log" >&2
      fail "fuzz target $name found something; the input is in fuzz/artifacts/$name"
    fi
    runs="$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")"
    echo "| \`$name\` | $seconds | $runs | nothing |"
    rm -f "$log"
  done
}

fuzz >"$PORTCULLIS_FIGURES/fuzz.md"

say "kill tests: $PORTCULLIS_PROVE_KILLS times"
cargo build --locked --release --package portcullis
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE
PORTCULLIS_BIN="$target/release/portcullis" PORTCULLIS_PEERS="$cache/peers/bin" \
  cargo test --locked --release --package e2e -- kill --test-threads 1 --nocapture

say "a hundred lock-outs, every one taken back by the kernel; the firewall's log at full speed"
PORTCULLIS_PROVE_LOCKOUTS="${PORTCULLIS_PROVE_LOCKOUTS:-100}" \
  cargo test --locked --release --package firewall --test kernel -- --test-threads 1 --nocapture

say "a sweep of a whole /16"
PORTCULLIS_PROVE_SWEEP_PREFIX=16 PORTCULLIS_PROVE_SWEEP_CONTROLLERS=1000 PORTCULLIS_PROVE_SWEEP_PACE=1000 \
  PORTCULLIS_PROVE_SWEEP_SECONDS=10 PORTCULLIS_BIN="$target/release/portcullis" \
  cargo test --locked --release --package e2e --test proofs -- sweep:: --test-threads 1 --nocapture

say "the evaluator of policies against the kernel: 300 policies, 100,000 packets"
PORTCULLIS_PROVE_POLICIES=300 PORTCULLIS_PROVE_PACKETS=100000 \
  cargo test --locked --release --package policy --test proof -- kernel:: --test-threads 1 --nocapture

say "the lab before DMTF's judge, every maker"
PORTCULLIS_PROVE_VALIDATOR=all PORTCULLIS_PEERS="$cache/peers/bin" \
  cargo test --locked --release --package lab --test validator --test cost -- --test-threads 1 --nocapture

say "ten unchanged readings of 5,000 BMCs on disk"
PORTCULLIS_HISTORY_BMCS=5000 cargo test --locked --release --package control --test disk -- --nocapture

say "captured trees and a virtual machine"
PORTCULLIS_BIN="$target/release/portcullis" PORTCULLIS_PEERS="$cache/peers/bin" \
  cargo test --locked --release --package e2e --test peers -- trees:: machine:: --test-threads 1 --nocapture

write_figures
dev/scripts/bench.sh
