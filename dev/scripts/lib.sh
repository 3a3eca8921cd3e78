# Shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash

set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$root"

# What is kept between runs and between clones: the Python peers, stamps, the build in CI.
cache="${PORTCULLIS_CACHE:-${HOME:-/tmp}/.cache/portcullis}"
target="${CARGO_TARGET_DIR:-$root/target}"
PATH="$cache/peers/bin:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH:/usr/sbin:/sbin"
export PATH

say() { printf '==> %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# step NAME COMMAND…: runs it quietly, prints one line, and shows what it said only if it failed.
step() {
  local name="$1" log started
  shift
  log="$(mktemp)"
  started=$SECONDS
  if "$@" >"$log" 2>&1; then
    printf '    %-28s %s s\n' "$name" "$((SECONDS - started))"
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    fail "setup step '$name' failed (its output is above): $*"
  fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: as it is, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "this needs root, and there is no sudo: $*"
  fi
}

# stamped NAME HASH: whether the step was already done for exactly this content.
stamped() { [ -f "$cache/stamps/$1" ] && [ "$(cat "$cache/stamps/$1")" = "$2" ]; }

stamp() {
  mkdir -p "$cache/stamps"
  printf '%s' "$2" >"$cache/stamps/$1"
}
