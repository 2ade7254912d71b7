#!/bin/bash
# Tries this clone's commit in a bare system of root.sh: the Dockerfile's packages, set-up and doctor (which starts a kernel
# and lets it compute), and twelve training steps, by a user who is not root.
#   scripts/systems/try.sh FOLDER [COMMAND]        COMMAND: instead of these, in the clone that is there already
# Run by root. What is mounted for it goes with it. HTTPS_PROXY, HTTP_PROXY and SDM_PYTHON are passed on. WITHOUT=g++ leaves that
# package out.
set -euo pipefail
if [ -z "${SDM_OWN_MOUNTS:-}" ]; then
  SDM_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi
root=$1 command=${2:-}
here=$(cd "$(dirname "$0")/../.." && pwd)
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
in_root() { chroot "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive "$@"; }
by_node() {
  local passed=(HOME=/home/node PATH=/usr/local/bin:/usr/bin:/bin PIP_CERT=/etc/ssl/certs/ca-certificates.crt)
  for name in HTTPS_PROXY HTTP_PROXY SDM_PYTHON; do
    if [ -n "${!name:-}" ]; then passed+=("$name=${!name}"); fi
  done
  chroot --userspec=1000:1000 "$root" env -i "${passed[@]}" bash -c "cd ~/sdm && $1"
}

if [ -n "$command" ]; then
  by_node "$command"
  exit
fi
packages=$(sed -n 's/.*apt-get install -y --no-install-recommends \(.*\) \\/\1/p' "$here/Dockerfile")
if [ -n "${WITHOUT:-}" ]; then packages=$(tr ' ' '\n' <<< "$packages" | grep --fixed-strings --line-regexp --invert-match "$WITHOUT"); fi
in_root apt-get update -qq
in_root apt-get install -y -qq --no-install-recommends $packages > "$root/apt.log" || {
  tail "$root/apt.log"
  exit 1
}
rm -rf "$root/home/node/sdm"
git clone -q "$here" "$root/home/node/sdm"
chown -R 1000:1000 "$root/home/node"
by_node 'grep PRETTY_NAME /etc/os-release; echo "Node $(node --version), $(python3 --version), $( (g++ --version 2> /dev/null || echo no compiler) | head -n 1)"'
by_node 'npm run setup'
by_node 'npm run doctor'
by_node 'npm run train -- --recipe adamw --steps 12 --save-every 12 --output /tmp/twelve'
