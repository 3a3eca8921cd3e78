#!/usr/bin/env bash
# Shows that a fresh clone on a bare Debian 12 with nothing but Rust does it all: `make run` until the appliance answers, then `make test`.
# Needs root. The chroot shares this machine's network, and of its files only the Rust toolchain and the certificates it trusts.
#   bare.sh            both
#   bare.sh run|test   one of them
source "$(dirname "$0")/lib.sh"

what="${1:-both}"
mirror="${MIRROR:-http://deb.debian.org/debian}"
rustup="${RUSTUP_HOME:-$HOME/.rustup}"
cargo="${CARGO_HOME:-$HOME/.cargo}"
[ "$(id -u)" = 0 ] || fail "run this as root: it makes a chroot"
have debootstrap || fail "there is no debootstrap: apt-get install debootstrap"

work="$(mktemp -d)"
chroot="$work/debian"
clean() {
  for at in proc dev/pts dev/shm dev sys root/.rustup; do
    ! mountpoint -q "$chroot/$at" || umount -l "$chroot/$at"
  done
  rm -rf --one-file-system "$work"
}
trap clean EXIT

inside() {
  chroot "$chroot" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 CI=true RUSTUP_HOME=/root/.rustup \
    PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$@"
}

say "a bare Debian 12, with git, make and Rust"
step "debootstrap" debootstrap --variant=minbase --include=ca-certificates,git,make,curl,libc6-dev bookworm "$chroot" "$mirror"
cp /etc/resolv.conf /etc/hosts "$chroot/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$chroot/etc/ssl/certs/"
for at in proc dev sys; do mount --rbind "/$at" "$chroot/$at"; mount --make-rslave "$chroot/$at"; done
mkdir -p "$chroot/root/.rustup" "$chroot/root/.cargo/bin"
mount --bind -o ro "$rustup" "$chroot/root/.rustup"
cp "$cargo"/bin/{cargo,rustc,rustdoc,rustup,rustfmt,cargo-fmt,cargo-clippy,clippy-driver} "$chroot/root/.cargo/bin/"

say "a fresh clone of $(git rev-parse --short HEAD)"
git clone --quiet "$root" "$chroot/root/portcullis"
[ ! -d "$root/../shared" ] || cp -rL "$root/../shared" "$chroot/root/shared"

if [ "$what" != test ]; then
  say "make run, for the first time"
  started=$SECONDS
  # Another appliance's answer is not this one's.
  ! curl --silent --insecure --max-time 5 https://127.0.0.1:8443/readyz >/dev/null || fail "something answers at 127.0.0.1:8443 already"
  inside make -C /root/portcullis run >"$work/run.log" 2>&1 &
  job=$!
  until curl --silent --insecure --fail --max-time 5 https://127.0.0.1:8443/readyz >/dev/null; do
    kill -0 "$job" 2>/dev/null || { cat "$work/run.log" >&2; fail "make run ended by itself"; }
    [ $((SECONDS - started)) -lt 1800 ] || { cat "$work/run.log" >&2; fail "make run did not come up in 30 minutes"; }
    sleep 1
  done
  say "it answers after $((SECONDS - started)) s"
  grep -A4 "Portcullis  " "$work/run.log"
  # The one whose root is the chroot, and no other that runs on this machine.
  for pid in $(pgrep -x portcullis); do
    [ "$(readlink "/proc/$pid/root")" != "$chroot" ] || kill -TERM "$pid"
  done
  wait "$job" || true
fi
if [ "$what" != run ]; then
  say "make test"
  started=$SECONDS
  inside make -C /root/portcullis test
  say "make test took $((SECONDS - started)) s"
fi
