#!/bin/sh
# Shares a STIX bundle with curl: asks what would come of it, does it once, asks where it stands. Prints one JSON document
# for each.
#
#   COMITY_URL=http://127.0.0.1:8080 COMITY_TOKEN=comity_… share.sh BUNDLE AGREEMENT RECEIVER
#
# Exit 0: answered, whatever the laws said; 22: a problem, printed as it came. `jq` would do what `printf` and `sed` do here.
set -eu
: "${COMITY_URL:?where the gateway is}" "${COMITY_TOKEN:?a token of comity token add}"
bundle=$1 agreement=$2 receiver=$3

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
# The token in a file: arguments can be read by others on this machine.
printf 'Authorization: Bearer %s\n' "$COMITY_TOKEN" >"$room/token"
{
    printf '{"under":"%s","to":"%s","activity":"threat_intel","purpose":"cyber_defence",' "$agreement" "$receiver"
    printf '"facts":{"necessary_proportionate":"true"},"bundle":'
    cat "$bundle"
    printf '}'
} >"$room/order"

ask() {
    curl --silent --show-error --fail-with-body --header @"$room/token" "$@"
    echo
}
share() {
    ask --header 'Content-Type: application/json' --data-binary @"$room/order" "$@"
}

# 1. What would come of it; nothing is recorded or sent.
share "$COMITY_URL/api/v1/exchanges?dry_run=true"

# 2. The same, done. Where no answer comes, ask again with the same key: it is done once.
key=$(cat /proc/sys/kernel/random/uuid)
share --header "Idempotency-Key: $key" --retry 3 "$COMITY_URL/api/v1/exchanges" >"$room/exchange"
cat "$room/exchange"

# 3. Where it stands.
id=$(sed -n 's/.*"exchange_id":"\([0-9a-f-]*\)".*/\1/p' "$room/exchange" | head -n 1)
ask "$COMITY_URL/api/v1/exchanges/$id"
