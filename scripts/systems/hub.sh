#!/bin/bash
# Lets a real JupyterHub start the image, and asks the server behind the hub's proxy what a person would: does it get ready, is
# the first page there, is 6 * 7 computed, is a figure drawn?
#   scripts/systems/hub.sh [FOLDER]        after image.sh, which has built the image in /tmp/image, unless named
# CHART=values.yaml starts it as BinderHub does: helm-chart/binderhub/values.yaml of jupyterhub/binderhub. LIMITS are options of
# podman, HUB another version of JupyterHub. Run by root from a clone that is set up, with podman, runc, Python, npm and Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-/tmp/image}
export DISABLE_HC_SYSTEMD=true # JupyterHub asks whether it answers
hub=$folder/hub-${HUB:-6.1.1}
if [ ! -e "$hub/bin/jupyterhub" ]; then
  python3 -m venv "$hub"
  "$hub/bin/pip" install --quiet "jupyterhub==${HUB:-6.1.1}"
fi
npm install --silent --no-save --prefix "$folder/proxy" configurable-http-proxy@5
export PROXY="$folder/proxy/node_modules/.bin/configurable-http-proxy"
export PODMAN="podman --root $folder/storage --runroot $folder/run --runtime runc --cgroup-manager cgroupfs"
export IMAGE=localhost/stable-diffusion-mnist ASKER_TOKEN=$RANDOM$RANDOM CHART=${CHART:-} LIMITS=${LIMITS:-}
config=$PWD/scripts/systems/hub/config.py
(cd "$folder" && exec "$hub/bin/jupyterhub" --config "$config" > "$folder/hub.log" 2>&1) &
trap 'kill %1 2> /dev/null; wait' EXIT
until curl --silent --fail http://127.0.0.1:18000/hub/api > /dev/null; do
  if [ -z "$(jobs -r)" ]; then
    cat "$folder/hub.log"
    exit 1
  fi
  sleep 1
done
node scripts/systems/hub/ask.mjs "$IMAGE" "$folder/hub.png" || {
  tail -n 60 "$folder/hub.log"
  exit 1
}
