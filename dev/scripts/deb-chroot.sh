#!/usr/bin/env bash
# Builds the package and puts it through its life in a fresh Debian 12: install, start, stop, remove, purge.
# Needs root. The chroot shares this machine's network; the appliance listens on 127.0.0.1 only.
source "$(dirname "$0")/lib.sh"

port="${PORT:-18443}"
mirror="${MIRROR:-http://deb.debian.org/debian}"
[ "$(id -u)" = 0 ] || fail "run this as root: it makes a chroot"

dev/scripts/deb.sh
package="$(ls -t "$target"/debian/portcullis_*.deb | head -1)"
work="$(mktemp -d)"
chroot="$work/debian"
appliance=""

clean() {
  [ -z "$appliance" ] || kill "$appliance" 2>/dev/null || true
  ! mountpoint -q "$chroot/proc" || umount "$chroot/proc"
  rm -rf --one-file-system "$work"
}
trap clean EXIT

# The inside of the chroot, with nothing of this machine's environment.
inside=(chroot "$chroot" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
in_chroot() { "${inside[@]}" "$@"; }

# Everything of ours that is in the chroot, by name or by owner; what apt keeps for itself is left out.
ours() {
  (cd "$chroot" && find . -xdev \( -path ./proc -o -path ./root -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/log \) -prune \
    -o \( -iname '*portcullis*' -o -uid "$uid" \) -print | sort)
}

say "a fresh Debian 12"
step "debootstrap" debootstrap --variant=minbase --include=systemd,ca-certificates bookworm "$chroot" "$mirror"
mount -t proc proc "$chroot/proc"
cp /etc/resolv.conf "$chroot/etc/resolv.conf"
cp "$package" "$chroot/root/portcullis.deb"

say "install"
in_chroot apt-get install -q -y --no-install-recommends /root/portcullis.deb
uid="$(in_chroot id -u portcullis)"
[ -n "$(ours)" ] || fail "nothing of ours was found: the search itself is wrong"
in_chroot portcullis --version
in_chroot test -e /usr/lib/systemd/system/portcullis.socket
in_chroot test -s /var/lib/portcullis/first-login
[ "$(in_chroot stat -c '%U %a' /var/lib/portcullis)" = "portcullis 700" ] || fail "the data directory is not the appliance's own"
in_chroot systemd-analyze verify --man=no /usr/lib/systemd/system/portcullis.service /usr/lib/systemd/system/portcullis.socket \
  /usr/lib/systemd/system/portcullis-syslog.socket /usr/lib/systemd/system/portcullis-firewall.service /usr/lib/systemd/system/portcullis-firewall.socket /usr/lib/systemd/system/portcullis-firewall-load.service

say "start, as systemd would: its user, an open socket, no capability"
# Not through the function: what is to be stopped is the program itself, not a shell in front of it.
"${inside[@]}" systemd-socket-activate --listen "127.0.0.1:$port" \
  setpriv --reuid=portcullis --regid=portcullis --clear-groups --bounding-set=-all --no-new-privs \
  /usr/bin/portcullis serve --data /var/lib/portcullis >"$work/log" 2>&1 &
appliance=$!
for _ in $(seq 60); do
  if curl --silent --insecure --fail --max-time 5 "https://127.0.0.1:$port/healthz" >"$work/health"; then break; fi
  kill -0 "$appliance" 2>/dev/null || { cat "$work/log" >&2; fail "the appliance ended by itself"; }
  sleep 0.5
done
[ -e "$work/health" ] && curl --silent --insecure --fail "https://127.0.0.1:$port/healthz" >/dev/null \
  || { cat "$work/log" >&2; fail "no answer at /healthz on port $port"; }

say "stop"
kill -TERM "$appliance"
status=0
wait "$appliance" || status=$?
appliance=""
[ "$status" = 0 ] || { cat "$work/log" >&2; fail "the appliance ended with status $status"; }

say "install again: the data stay as they are"
before="$(in_chroot sha256sum /var/lib/portcullis/portcullis.toml /var/lib/portcullis/vault.key)"
in_chroot apt-get install -q -y --reinstall /root/portcullis.deb
[ "$(in_chroot sha256sum /var/lib/portcullis/portcullis.toml /var/lib/portcullis/vault.key)" = "$before" ] || fail "data changed"

say "remove: the program goes, the data stay"
in_chroot apt-get remove -q -y portcullis
! in_chroot test -e /usr/bin/portcullis || fail "the program is still there"
in_chroot test -e /var/lib/portcullis/vault.key || fail "the data are gone"

say "purge: nothing stays"
in_chroot apt-get purge -q -y portcullis
left="$(ours)"
[ -z "$left" ] || fail "left behind: $left"
say "PASSED: $(basename "$package") installs, starts, stops, removes and purges cleanly"
