#!/usr/bin/env bash
# Everything that can be known without running the tests: format, lints, the rules of the house, licences.
source "$(dirname "$0")/lib.sh"

say "format"
cargo fmt --all --check
say "lints"
cargo clippy --locked --workspace --all-targets -- -D warnings
say "tidy"
cargo run --quiet --locked --package xtask -- tidy
say "licences, bans, sources"
# The advisory database cannot be reached from every network and would make the answer depend on the day:
# `cargo deny check advisories` is for whoever prepares a release.
cargo deny --log-level error check --hide-inclusion-graph licenses bans sources
