#!/usr/bin/env bash
# Installs what a bare Debian 12 with Rust is missing. Quick when nothing is.
#   setup.sh build   what `make run` needs: a C compiler, and npm for the one script that the pages load from elsewhere
#   setup.sh test    and what the tests need: programs that are not ours, to be tested against
#   setup.sh prove   and the fuzzer, and a virtual machine under libvirt
#   setup.sh deb     and what the Debian package needs
source "$(dirname "$0")/lib.sh"

want="${1:-test}"

# Packages whose command is already there, from wherever, are left alone.
missing=()
need() {
  have "$1" || missing+=("${@:2}")
}

install_packages() {
  [ "${#missing[@]}" = 0 ] && return
  export DEBIAN_FRONTEND=noninteractive
  step "package lists" as_root apt-get update -q
  step "packages" as_root apt-get install -q -y --no-install-recommends "${missing[@]}"
}

install_rust_tools() {
  have cargo || fail "there is no cargo: install Rust 1.90 or newer (https://rustup.rs), then run this again"
  cargo clippy --version >/dev/null 2>&1 || step "clippy" rustup component add clippy
  cargo fmt --version >/dev/null 2>&1 || step "rustfmt" rustup component add rustfmt
}

install_cargo_tool() {
  [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/$1" ] || have "$1" || step "$1 (some minutes)" cargo install --locked --version "$2" "$1"
}

# Redfish servers and clients, and an API tester, none of them ours; in a virtual environment of their own.
install_peers() {
  local hash
  hash="$(cat dev/scripts/peers.txt <(python3 --version) | sha256sum | cut -d' ' -f1)"
  if stamped peers "$hash" && [ -x "$cache/peers/bin/sushy-static" ]; then return; fi
  step "python environment" python3 -m venv --clear "$cache/peers"
  step "python peers" "$cache/peers/bin/pip" install --quiet --requirement dev/scripts/peers.txt
  stamp peers "$hash"
}

# What sushy-emulator drives libvirt with; and the account that Debian's libvirt runs machines as, which its
# package makes only where systemd runs.
install_libvirt_driver() {
  "$cache/peers/bin/python3" -c 'import libvirt' 2>/dev/null \
    || step "libvirt-python" "$cache/peers/bin/pip" install --quiet libvirt-python==9.0.0
  getent group libvirt >/dev/null || as_root groupadd --system libvirt
  getent group libvirt-qemu >/dev/null || as_root groupadd --system libvirt-qemu
  id libvirt-qemu >/dev/null 2>&1 \
    || as_root useradd --system --gid libvirt-qemu --home-dir /var/lib/libvirt --shell /usr/sbin/nologin libvirt-qemu
}

say "setup: $want"
need cc build-essential
need node nodejs
need npm npm
case "$want" in
  build)
    # What the demonstration's zones are made and enforced with.
    [ "$(id -u)" != 0 ] || { need ip iproute2; need nft nftables; }
    ;;
  test | prove | deb)
    need pkg-config pkg-config
    need chromium chromium
    need chromedriver chromium-driver
    need ip iproute2
    need nft nftables
    need openssl openssl
    need rsyslogd rsyslog
    need curl curl
    need logger bsdutils
    [ -e /usr/share/zoneinfo/Europe/Berlin ] || missing+=(tzdata)
    need faketime faketime
    [ -e /usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so ] || [ -e /usr/lib/aarch64-linux-gnu/rsyslog/lmnsd_gtls.so ] \
      || missing+=(rsyslog-gnutls)
    need python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    ;;
  *) fail "setup.sh: '$want' is not build, test, prove or deb" ;;
esac
[ "$want" != deb ] || need debootstrap debootstrap
if [ "$want" = prove ]; then
  # A virtual machine that no KVM is needed for, and what a controller's emulator drives it with.
  need libvirtd libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients
  need qemu-system-x86_64 qemu-system-x86 ipxe-qemu seabios
  [ -e /usr/include/libvirt/libvirt.h ] || missing+=(libvirt-dev pkg-config)
fi
install_packages
install_rust_tools
if [ "$want" != build ]; then
  install_peers
  [ "$want" != prove ] || install_libvirt_driver
  install_cargo_tool cargo-deny 0.20.2
fi
[ "$want" != deb ] || install_cargo_tool cargo-deb 3.8.0
[ "$want" != prove ] || install_cargo_tool cargo-fuzz 0.13.2
