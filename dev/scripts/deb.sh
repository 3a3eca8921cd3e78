#!/usr/bin/env bash
# Builds the Debian package, man pages and completions included, and prints where it is.
source "$(dirname "$0")/lib.sh"

dev/scripts/setup.sh deb
say "build"
cargo build --locked --release --package portcullis --package firewall
program="$target/release/portcullis"
made=packaging/generated
rm -rf "$made"
mkdir -p "$made/man"
"$program" man "$made/man"
"$program" completions bash >"$made/portcullis.bash"
"$program" completions zsh >"$made/_portcullis"
"$program" completions fish >"$made/portcullis.fish"
say "package"
cargo deb --package portcullis --variant full --no-build --output "$target/debian/"
