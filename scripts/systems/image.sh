#!/bin/bash
# Builds the image of the Dockerfile, runs it, and asks of it what a person and an engine would: is it healthy, does it
# answer, is the machine in it all right, does a notebook run, does what it saves in `work` reach the host, does it stop?
#   scripts/systems/image.sh [FOLDER]        some 8 GB there, /tmp/image unless named
# Run by root on Debian, with podman, runc, debootstrap and npm. PULL=1 takes the image in FROM from its registry; without, a
# stand-in is made of root.sh: the same Debian, Node and user, without the tools that Node's image has besides (yarn).
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-/tmp/image}
name=stable-diffusion-mnist
base=$(sed -n 's/^FROM //p' Dockerfile)
export DISABLE_HC_SYSTEMD=true # asked by hand below
podman() { command podman --root "$folder/storage" --runroot "$folder/run" --runtime runc --cgroup-manager cgroupfs "$@"; }

pull=--pull-always
if [ -z "${PULL:-}" ]; then
  pull=--pull-never
  if ! podman image exists "$base"; then
    tag=${base#*node:}
    suite=${tag#*-}
    NODE=${tag%%-*} scripts/systems/root.sh "${suite%-slim}" "$folder/root"
    tar --create --directory "$folder/root" . | podman import - "$base"
  fi
fi
# The format that keeps HEALTHCHECK.
time podman build --format docker --isolation chroot --network host "$pull" --tag $name .
podman image inspect --format '{{.Size}} bytes, user {{.Config.User}}, {{.Config.Cmd}}' $name

# As `docker run -v "$PWD/work:…"` by a user of number 1000 whose folder is there.
install --directory --owner 1000 --group 1000 "$folder/work"
podman rm --force --ignore $name
podman run --detach --name $name --network host --ulimit nofile=10000:10000 --ulimit nproc=20000:20000 \
  --volume "$folder/work:/home/node/sdm/notebooks/work" $name
trap 'podman rm --force $name > /dev/null' EXIT
started=$SECONDS
until podman healthcheck run $name; do
  if ((SECONDS - started > 120)); then
    podman logs $name
    exit 1
  fi
  sleep 2
done
echo "healthy after $((SECONDS - started)) s"
podman exec $name node -e "fetch('http://127.0.0.1:8888/lab').then((r) => console.log('JupyterLab answers', r.status))"
podman exec $name npm run doctor
podman exec $name npm run notebooks -- --no-html -p preset smoke --output notebooks/work 00-check-your-machine
ls -ln "$folder/work"
started=$SECONDS
podman stop --time 20 $name
echo "stopped after $((SECONDS - started)) s with exit code $(podman inspect --format '{{.State.ExitCode}}' $name)"
