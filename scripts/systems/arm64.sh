#!/bin/bash
# Linux on ARM, tried in a root of Debian 13 by qemu-user: set-up, a kernel that answers, twelve training steps beside those of this
# machine, the doctor, the reference cases of fused ops against plain ones.
#   scripts/systems/arm64.sh [FOLDER]        6 GB there, /tmp/arm64 unless named
# Run by root on Debian with debootstrap, qemu-user-static and g++-aarch64-linux-gnu. qemu-user is ten times slower or more, so what
# no processor changes is done by this one: npm and pip fetch, by their options for another processor, lib and the page come compiled
# from this clone, which must be set up, and a cross compiler compiles, by the set-up in the root.
set -euo pipefail
if [ -z "${SDM_OWN_MOUNTS:-}" ]; then
  SDM_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi
here=$(cd "$(dirname "$0")/../.." && pwd)
root=${1:-/tmp/arm64}
home=/home/node/sdm
packages=$(sed -n 's/.*apt-get install -y --no-install-recommends \(.*\) \\/\1/p' "$here/Dockerfile")
handlers=/proc/sys/fs/binfmt_misc
if [ ! -e $handlers/register ]; then mount -t binfmt_misc binfmt_misc $handlers; fi
if [ ! -e $handlers/qemu-aarch64 ]; then cat /usr/lib/binfmt.d/qemu-aarch64.conf > $handlers/register; fi
INCLUDE=${packages// /,} "$here/scripts/systems/root.sh" trixie "$root" arm64

# The clone at its place in the root, and all that is fetched and compiled for any processor.
rm -rf "$root$home"
git clone -q "$here" "$root$home"
mkdir -p "$home"
mount --bind "$root$home" "$home"
cd "$home"
npm ci --silent --ignore-scripts --include=dev --include=optional --cpu=arm64 --os=linux --libc=glibc
chroot "$root" python3 -m venv "$home/.venv"
manylinux=()
for glibc in 2_39 2_34 2_28 2_27 2_17; do manylinux+=(--platform "manylinux_${glibc}_aarch64"); done
python3 -m pip install --quiet --no-deps --no-compile --only-binary=:all: --python-version 3.13 --implementation cp --abi cp313 --abi abi3 --abi none \
  "${manylinux[@]}" --platform manylinux2014_aarch64 --target "$(echo .venv/lib/python3.*/site-packages)" -r requirements.txt -r requirements-arm64.txt
cp -r "$here/dist" .
cp -r "$here/web/build" web/
ln -sfn .. node_modules/stable-diffusion-mnist
node --input-type=module -e "
  import fs from 'node:fs';
  const { library } = await import('$home/scripts/setup/library.mjs');
  const { webPage } = await import('$home/scripts/setup/web-page.mjs');
  const { sha256 } = await import('$home/scripts/setup/step.mjs');
  fs.mkdirSync('.setup', { recursive: true });
  for (const step of [library, webPage]) fs.writeFileSync('.setup/' + step.name + '.stamp', sha256(JSON.stringify(['$home', step.inputs()])));"
chown -R 1000:1000 "$root/home/node"

# In the root. qemu-user shows the processor beneath, which ARM's compilers do not know for `-march=native`: that of a Neoverse N1.
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
cat > "$root/cpuinfo" << END
processor	: 0
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1
END
mount --bind "$root/cpuinfo" "$root/proc/cpuinfo"
mkdir -p "$root/host" "$root/lib64" "$root/usr/lib/x86_64-linux-gnu" "$root/usr/aarch64-linux-gnu"
mount --bind /usr "$root/host"
for folder in lib64 lib/x86_64-linux-gnu aarch64-linux-gnu; do
  if [ "$folder" = lib64 ]; then mount --bind /usr/lib64 "$root/lib64"; else mount --bind "/usr/$folder" "$root/usr/$folder"; fi
done
cat > "$root/usr/local/bin/cross-c++" << 'END'
#!/bin/sh
for a; do
  shift
  case $a in -march=native) a=-mcpu=neoverse-n1 ;; esac
  set -- "$@" "$a"
done
exec /host/bin/aarch64-linux-gnu-g++ "$@"
END
chmod +x "$root/usr/local/bin/cross-c++"
by_node() {
  echo "\$ $1"
  time chroot --userspec=1000:1000 "$root" env -i HOME=/home/node PATH=/usr/local/bin:/usr/bin:/bin CXX=cross-c++ bash -c "cd ~/sdm && $1"
}
by_node 'node --print "process.arch + process.version"'
by_node 'npm run setup'
by_node 'CXX=g++ && $CXX -std=c++17 -fPIC -O3 -march=native -c native/fused/rows.cc -o /tmp/rows.o' # the compiler of a real one
by_node '.venv/bin/python -B scripts/doctor/kernel.py 1800' # of the doctor's minute it has not enough
# The same twelve steps by this machine's clone. The losses differ by how sums are ordered, which differs with the width of vectors.
twelve='npm run train -- --recipe adamw --steps 12 --save-every 12 --set trainer.batchSize=4'
by_node "$twelve --output /tmp/twelve"
(cd "$here" && rm -rf "$root/tmp/twelve-here" && $twelve --output "$root/tmp/twelve-here")
node -e "
  const lossesOf = (name) => require('fs').readFileSync('$root/tmp/' + name + '/history.jsonl', 'utf8').trim().split('\n')
    .map((line) => JSON.parse(line)).map(({ loss }) => loss);
  const here = lossesOf('twelve-here');
  lossesOf('twelve').forEach((loss, i) =>
    console.log('step', i + 1, 'arm64', loss, process.arch, here[i], 'apart', Math.abs(loss - here[i]).toExponential(1)));"
by_node 'npm run doctor' || echo 'its kernel had a minute'
by_node 'node node_modules/vitest/vitest.mjs run test/nn/fused-ops.test.ts --testTimeout 3600000 --hookTimeout 3600000'
