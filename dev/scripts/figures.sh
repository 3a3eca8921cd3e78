# Figures that tests and scripts leave, put into docs/measured.md; sourced, never run.
# A test that measures writes `$PORTCULLIS_FIGURES/SECTION.md`; each becomes that section, dated.
# shellcheck shell=bash

PORTCULLIS_FIGURES="$(mktemp -d)"
export PORTCULLIS_FIGURES

write_figures() {
  local file count=0
  for file in "$PORTCULLIS_FIGURES"/*.md; do
    [ -e "$file" ] || continue
    cargo run --quiet --locked --package xtask -- measured "$(basename "$file" .md)" "$file"
    count=$((count + 1))
  done
  rm -rf "$PORTCULLIS_FIGURES"
  [ "$count" -gt 0 ] || fail "nothing was measured"
}
