#!/usr/bin/env bash
# Sends the API what its own document allows and forbids, and fails on server errors and on answers that
# are not in the document.
#   schemathesis.sh URL [CA.pem]     PORTCULLIS_TOKEN holds an administrator's token
#   schemathesis.sh --try            against controllers that do nothing, over plain HTTP on loopback
# PORTCULLIS_DEVICE names a device (identifier) that may be switched, edited and adopted by this.
source "$(dirname "$0")/lib.sh"

examples="${SCHEMATHESIS_EXAMPLES:-30}"
seed="${SCHEMATHESIS_SEED:-20261120}"

# The stream of events never ends by itself, and the token of this run must not be ended by it; both are
# tested in crates/web/tests/api.
never=(--exclude-path /api/v1/events --exclude-operation-id revoke_token)
# Nothing is behind these here: without the firewall's program they answer 503, rightly. dev/e2e/tests/policy tries them on the kernel.
never+=(--exclude-operation-id set_quarantine --exclude-operation-id apply_version --exclude-operation-id open_pinhole --exclude-operation-id repair_policy --exclude-operation-id revert_policy)

drive() {
  local url="$1" authority="$2"
  shift 2
  schemathesis --config-file "$config" run "$url/api/v1/openapi.json" \
    --url "$url" --tls-verify "$authority" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --phases examples,coverage,fuzzing --max-examples "$examples" --seed "$seed" --generation-database none \
    --request-timeout 30 --workers 1 --continue-on-failure --warnings off "${never[@]}" "$@"
}

have schemathesis || fail "there is no schemathesis: run dev/scripts/setup.sh test"
config="$(mktemp --suffix .toml)"
cp dev/scripts/schemathesis.toml "$config"
trap 'rm -f "$config"' EXIT

case "${1:-}" in
  --try)
    cargo build --quiet --package web --example serve_api
    coproc serving { exec "$target/debug/examples/serve_api"; }
    read -r url PORTCULLIS_TOKEN <&"${serving[0]}"
    authority=false PORTCULLIS_DEVICE="${PORTCULLIS_DEVICE:-bmc-00001}"
    ;;
  https://*) url="$1" authority="${2:-true}" ;;
  *) fail "usage: schemathesis.sh https://NAME[:PORT] [CA.pem] | --try" ;;
esac
[ -n "${PORTCULLIS_TOKEN:-}" ] || fail "PORTCULLIS_TOKEN is not set"
export PORTCULLIS_TOKEN

# Answers to a token that has ended are all in the document, and prove nothing.
still_in() {
  local trust=()
  case "$authority" in true | false) ;; *) trust=(--cacert "$authority") ;; esac
  printf 'Authorization: Bearer %s\n' "$PORTCULLIS_TOKEN" |
    curl --silent --show-error --fail --output /dev/null --max-time 30 "${trust[@]}" --header @- "$url/api/v1/whoami" ||
    fail "the token does not work any more: what was tried proves nothing"
}

say "names that are made up"
drive "$url" "$authority"
still_in
if [ -n "${PORTCULLIS_DEVICE:-}" ]; then
  say "device $PORTCULLIS_DEVICE"
  printf '\n[parameters]\n"path.key" = "%s"\n' "$PORTCULLIS_DEVICE" >>"$config"
  drive "$url" "$authority" --include-path-regex '/devices/[{]key[}]' --exclude-method DELETE
  still_in
fi
