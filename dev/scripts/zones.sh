#!/usr/bin/env bash
# The demonstration's zones, as the shipped site file has them: a network namespace for the appliance, one for each zone, and one for the
# switch between the appliance and the ordinary ones. Nothing leads out of them, and this machine's own network is not touched. Needs root.
#   zones.sh up NAME CONTROLLERS   makes NAME, NAME-trust, NAME-internal, NAME-internet, NAME-management and NAME-switch
#   zones.sh down NAME             removes them, and with them whatever listens there
source "$(dirname "$0")/lib.sh"

name="${2:-portcullis}"
net="fd12:3456:789a"

down() {
  local one
  for one in "" -trust -internal -internet -management -switch; do
    # Whatever still runs there has nobody left to serve.
    ip netns pids "$name$one" 2>/dev/null | xargs -r kill 2>/dev/null || true
    ip netns del "$name$one" 2>/dev/null || true
  done
}

# room NAMESPACE: an empty one, whose eth0 is wired to the interface $3 in the namespace $2.
room() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip -n "$1" link add eth0 type veth peer name "$3" netns "$2"
  ip -n "$2" link set "$3" up
  ip -n "$1" link set eth0 up
}

# own NAMESPACE INTERFACE ADDRESS…
own() {
  local at="$1" interface="$2" address
  shift 2
  # Without a wait for others with the same address: there are none.
  for address in "$@"; do
    case "$address" in
      *:*) ip -n "$at" address add "$address" dev "$interface" nodad ;;
      *) ip -n "$at" address add "$address" dev "$interface" ;;
    esac
  done
}

# ordinary ZONE ADDRESS…: on the switch, where everything else is found by asking for it.
ordinary() {
  local at="$name-$1" port="$1"
  room "$at" "$name-switch" "$port"
  ip -n "$name-switch" link set "$port" master switch
  shift
  own "$at" eth0 "$@"
  ip -n "$at" route add default dev eth0
  ip -n "$at" -6 route add default dev eth0
}

# rack CONTROLLERS: each has a wire and a MAC address of its own, as on a switch, and answers for its own address alone.
rack() {
  local at="$name-management" number=7 made=0
  ip netns exec "$at" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce'
  {
    echo "link add rack type bridge"
    echo "link set rack up"
    echo "link set eth0 master rack"
    while [ "$made" -lt "$1" ]; do
      # As the simulated rack counts: what looks like a network or a broadcast is left out.
      case $((number % 256)) in
        0 | 255) ;;
        *)
          made=$((made + 1))
          echo "link add b$number type veth peer name p$number"
          echo "link set p$number master rack up"
          echo "link set b$number up"
          echo "address add 10.20.$((number / 256)).$((number % 256))/16 dev b$number"
          ;;
      esac
      number=$((number + 1))
    done
    # Whatever has no legitimate destination arrives at the appliance.
    echo "route add default via 10.20.0.1"
  } | ip -n "$at" -batch -
}

up() {
  ip netns add "$name-switch"
  ip -n "$name-switch" link add switch type bridge
  ip -n "$name-switch" link set switch up
  room "$name" "$name-switch" appliance
  ip -n "$name-switch" link set appliance master switch
  own "$name" eth0 10.1.0.5/16 "$net:1::5/64"
  ip -n "$name" route add default dev eth0
  ip -n "$name" -6 route add default dev eth0
  ordinary trust 10.1.5.10/16 "$net:1:5::10/64"
  ordinary internal 10.2.0.10/16 10.2.0.53/16 "$net:2::10/64" "$net:2::53/64"
  ordinary internet 203.0.113.10/24 2001:db8::10/64
  room "$name-management" "$name" eth1
  own "$name" eth1 10.20.0.1/16 "$net:20::1/64"
  rack "$1"
}

case "${1:-}" in
  up)
    down
    up "${3:-24}" || { down; fail "the zones could not be made: this needs root and network namespaces"; }
    ;;
  down) down ;;
  *) fail "zones.sh up|down NAME [CONTROLLERS]" ;;
esac
