#!/usr/bin/env bash
# The real `sky launch` against a simulated market on loopback: no account, nothing billed. Needs both programs on the PATH.
set -euo pipefail

scenario=${1:-scenarios/page-cross-region.yaml}
work=$(mktemp -d)
export SKY_HOME=$work/sky

sky-sim serve "$scenario" --speed 60x --export "$work/env" --for 5m >"$work/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
until [ -s "$work/env" ]; do
  kill -0 "$server" # ends the script if the server did
  sleep 0.1
done
. "$work/env" # points every client at the server: sky, boto3, Google's and Azure's SDKs

sky check || true # says which clouds this build and the server agree on
sky launch -c gpu --gpus V100 --infra gcp -y
sky status
sky down gpu -y
sky cost-report
