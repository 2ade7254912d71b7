#!/bin/bash
# Makes a bare system to try things in: the smallest Debian or Ubuntu that debootstrap makes, with Node and a user `node`
# as the images of Node have them, and nothing else.
#   scripts/systems/root.sh SUITE FOLDER [ARCH]       e.g. trixie /tmp/roots/trixie, or noble, or trixie … arm64
# Run by root. Needs debootstrap and npm; for another processor qemu-user with its entry in binfmt_misc. NODE=24 names another
# release of Node, MIRROR and KEYRING another archive than debootstrap's own, INCLUDE further packages (commas between). This
# machine's way to npm, PyPI and its certificates is taken along, since a bare system would find no other.
set -euo pipefail
suite=$1 root=$2 arch=${3:-$(dpkg --print-architecture)}
case $suite in
  # Ubuntu's suites are all made the same way, which debootstrap calls after the first that was.
  jammy | noble)
    components=main,universe way=gutsy
    if [ ! -e "${KEYRING:-/usr/share/keyrings/ubuntu-archive-keyring.gpg}" ]; then
      echo "Ubuntu's keys are not here: install ubuntu-keyring, or name its file in KEYRING (and the archive in MIRROR)." >&2
      exit 1
    fi
    ;;
  *) components=main way= ;;
esac
if [ ! -e "$root/etc/os-release" ]; then
  debootstrap --variant=minbase --arch="$arch" --components="$components" ${KEYRING:+--keyring="$KEYRING"} \
    ${INCLUDE:+--include="$INCLUDE"} "$suite" "$root" "${MIRROR:-}" $way
fi

# Node: npm's package with its program, beside this machine's npm.
case $arch in amd64) cpu=x64 ;; *) cpu=$arch ;; esac
fetched=$(mktemp -d)
npm install --silent --no-save --force --prefix "$fetched" "node-linux-$cpu@${NODE:-24}"
install -D "$fetched/node_modules/node-linux-$cpu/bin/node" "$root/usr/local/bin/node"
rm -rf "$fetched" "$root/usr/local/lib/node_modules/npm"
mkdir -p "$root/usr/local/lib/node_modules"
cp -rL "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

# The way to the registries.
cp /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/usr/local/etc" "$root/etc/ssl/certs" "$root/usr/local/share/ca-certificates"
cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2> /dev/null || true
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'cafile=/etc/ssl/certs/ca-certificates.crt' > "$root/usr/local/etc/npmrc"
if [ -e /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/pip.conf"; fi
for name in ubuntu node; do # Ubuntu 24.04 has given the number to a user of its own
  if chroot "$root" id "$name" > /dev/null 2>&1; then chroot "$root" userdel --remove "$name" 2> /dev/null; fi
done
chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash node
