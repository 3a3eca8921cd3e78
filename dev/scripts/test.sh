#!/usr/bin/env bash
# The checks and every test, on a machine with nothing but Rust to begin with. Ends with one line that says how it went.
source "$(dirname "$0")/lib.sh"

at="setup"
finish() {
  local status=$?
  if [ "$status" = 0 ]; then
    say "PASSED: all checks and tests, in $((SECONDS / 60)) min $((SECONDS % 60)) s"
  else
    say "FAILED in: $at (exit $status), after $((SECONDS / 60)) min $((SECONDS % 60)) s"
  fi
}
trap finish EXIT

# What each failed test printed, and what did not compile; never what the others printed.
show_failures() {
  say "what failed"
  awk '
    /^error(\[|:)/ { compiler = 1 }
    compiler { print; if ($0 == "") compiler = 0; next }
    /^     Running |^   Doc-tests / { program = $0; inside = 0 }
    /^failures:$/ { inside = 1; if (program != "") { print program; program = "" }; next }
    /^test result: / { if (inside) print; inside = 0 }
    inside { print }
  ' "$1" | cut -c -2000 | tail -n 1500
}

dev/scripts/setup.sh test
at="checks"
dev/scripts/check.sh
at="build"
say "build"
cargo build --locked --workspace
at="tests"
say "tests"
# Python peers obey these before their own options, and would then refuse the lab's certificates.
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE
export PORTCULLIS_BIN="$target/debug/portcullis"
export PORTCULLIS_PEERS="$cache/peers/bin"
# What a passing test says is shown too: one that had to be skipped says so, by name.
log="$(mktemp)"
cargo test --locked --workspace --no-fail-fast -- --show-output >"$log" 2>&1 &
tests=$!
tail --pid="$tests" -n +1 -f "$log" | grep --line-buffered -E '^(test |     Running |   Doc-tests |error|SKIPPED )' || true
status=0
wait "$tests" || status=$?
[ "$status" = 0 ] || show_failures "$log"
say "skipped: $(grep -c '^SKIPPED ' "$log" || true)"
grep '^SKIPPED ' "$log" | sort -u || true
rm -f "$log"
[ "$status" = 0 ]
