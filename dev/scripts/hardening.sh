#!/usr/bin/env bash
# Prints what systemd makes of the unit: a table with the overall exposure (0 is none, 10 is all).
source "$(dirname "$0")/lib.sh"

have systemd-analyze || fail "systemd-analyze is not here: install systemd to judge the unit"
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
# The judge wants a tree in which the program is where the unit says.
mkdir -p "$root/usr/bin" "$root/usr/lib/systemd/system"
cp packaging/portcullis.service packaging/portcullis.socket "$root/usr/lib/systemd/system/"
cp /bin/true "$root/usr/bin/portcullis"
report="$(systemd-analyze security --offline=yes --root="$root" --no-pager portcullis.service)"
overall="$(printf '%s\n' "$report" | sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]* [A-Z]*\).*/\1/p')"
[ -n "$overall" ] || fail "systemd-analyze gave no overall level: $report"
echo "| unit | exposure, of 10 (\`systemd-analyze security --offline=yes\`) | systemd |"
echo "|---|---|---|"
echo "| \`portcullis.service\` | $overall | $(systemd-analyze --version | sed -n 's/^systemd \([0-9]*\).*/\1/p') |"
echo
echo "What remains, with its weight:"
echo
printf '%s\n' "$report" | awk '$1 == "✗" && $NF ~ /^[0-9.]+$/ { print "- `" $2 "` " $NF }'
