#!/bin/bash
# Linux on ARM, tried in a root of Debian by qemu-user, which is some ten to thirty times slower than the processor it runs on: set-up
# from a fresh clone, doctor (which starts a kernel), the reference cases of layers, fused ops against plain ones, twelve training steps.
#   scripts/systems/arm64.sh [FOLDER]        /tmp/arm64 unless named
# Run by root on Debian with debootstrap, qemu-user-static and its entry in binfmt_misc (`apt install binfmt-support`).
set -euo pipefail
here=$(dirname "$0")
root=${1:-/tmp/arm64}
"$here/root.sh" trixie "$root" arm64
# qemu-user shows the processor beneath, which a compiler that is asked for `-march=native` does not know: that of a Neoverse N1.
cat > "$root/cpuinfo" << END
processor	: 0
BogoMIPS	: 243.75
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1
END
export SDM_CPUINFO="$root/cpuinfo"
time "$here/try.sh" "$root"
time "$here/try.sh" "$root" 'npx vitest run test/nn/fused-ops.test.ts test/nn/plain-kernels.test.ts test/nn/layers.test.ts --testTimeout 3600000 --hookTimeout 3600000'
