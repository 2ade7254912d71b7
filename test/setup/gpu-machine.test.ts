/** The doctor on machines with GPUs that are not there: a made-up nvidia-smi first on the PATH, made-up /proc and /sys. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';
import { temporaryFolder } from '../support/temporary';

interface Facts {
  wanted: string;
  sign: boolean;
  card: boolean;
  driver: string | null;
  smi: { isThere: boolean; gpus: Record<string, unknown>[]; failure: string | null };
  lacking: string[];
}
const { askNvidiaSmi, driverVersion, gatherGpuFacts, lackingLibraries } = loadScript<{
  askNvidiaSmi: (env: NodeJS.ProcessEnv, timeout?: number) => Facts['smi'];
  driverVersion: (text: string) => string | null;
  gatherGpuFacts: (where: {
    site: string | null;
    env: NodeJS.ProcessEnv;
    system?: string;
  }) => Facts;
  lackingLibraries: (site: string | null, requirements?: string) => string[];
}>('doctor/gpu-facts.mjs');
const { chooseDevice } = loadScript<{ chooseDevice: (env: NodeJS.ProcessEnv) => string }>(
  'setup/device.mjs',
);

/** An environment in which nvidia-smi is a shell script of these lines. */
function withSmi(...lines: string[]): NodeJS.ProcessEnv {
  const folder = temporaryFolder('smi');
  const file = path.join(folder, 'nvidia-smi');
  fs.writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  const { CUDA_VISIBLE_DEVICES: _, SDM_DEVICE: __, ...inherited } = process.env;
  return { ...inherited, PATH: `${folder}:${process.env.PATH}` };
}
const h100 = "echo '0, NVIDIA H100 80GB HBM3, 550.54.15, 81559, 1559, 9.0, GPU-aa'";

/** A file of a made-up machine. */
function write(folder: string, file: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  fs.writeFileSync(path.join(folder, file), content);
}

describe('nvidia-smi', () => {
  it('is asked for what it knows of each GPU', () => {
    const other = "echo '1, NVIDIA GB10, 580.95.05, [N/A], [N/A], 12.1, GPU-bb'";
    const { gpus, failure } = askNvidiaSmi(withSmi('test "$2" || exit 1', h100, other));
    expect(failure).toBeNull();
    const first = { index: 0, name: 'NVIDIA H100 80GB HBM3', driver: '550.54.15', uuid: 'GPU-aa' };
    expect(gpus).toEqual([
      { ...first, total: 81559, used: 1559, capability: 9 },
      { ...first, index: 1, name: 'NVIDIA GB10', driver: '580.95.05', uuid: 'GPU-bb', total: null, used: null, capability: 12.1 },
    ]); // prettier-ignore
  });

  it('that is older than the compute capability is asked without it', () => {
    const refusal = `Field "compute_cap" is not a valid field to query.`;
    const old = `case "$1" in *compute_cap*) echo '${refusal}'; exit 2;; esac`;
    const { gpus } = askNvidiaSmi(withSmi(old, "echo '0, Tesla K80, 470.57.02, 11441, 3'"));
    expect(gpus).toMatchObject([{ driver: '470.57.02', total: 11441, used: 3, capability: null }]);
  });

  it.each([
    ['words on stderr', ["echo 'Failed to initialize NVML' >&2", 'exit 18'], 'Failed to initialize NVML'], // prettier-ignore
    ['words on stdout', ["echo 'No devices were found'", 'exit 6'], 'No devices were found'],
    ['words and no failure', ["echo 'No devices were found'"], 'No devices were found'],
    ['no words', ['exit 9'], 'exit code 9, and not a word'],
    ['no end', ['exec sleep 20'], 'no answer within 0.5 s'],
  ])('that fails is quoted: %s', (_, lines, failure) => {
    expect(askNvidiaSmi(withSmi(...lines), 500)).toEqual({ isThere: true, gpus: [], failure });
  });

  it('that is missing is no failure', () => {
    const env = { PATH: temporaryFolder('smi') };
    expect(askNvidiaSmi(env)).toEqual({ isThere: false, gpus: [], failure: null });
  });
});

describe('a machine', () => {
  const module = 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021\nGCC version: 12.2.0 \n'; // prettier-ignore
  const bus = 'sys/bus/pci/devices/0000:0';

  it("has its driver's version, of the closed and of the open module", () => {
    expect(driverVersion(module)).toBe('470.57.02');
    const open = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65  Release Build\n';
    expect(driverVersion(open)).toBe('580.65');
    expect(driverVersion('')).toBeNull();
  });

  it('with a driver, with a card alone, and with neither', () => {
    const env = { PATH: temporaryFolder('smi') };
    const facts = (system: string): Facts => gatherGpuFacts({ site: null, env, system });
    const bare = temporaryFolder('machine');
    write(bare, `${bus}0/vendor`, '0x10de\n');
    write(bare, `${bus}0/class`, '0x020700\n'); // a network card of NVIDIA's
    write(bare, `${bus}1/vendor`, '0x8086\n');
    write(bare, `${bus}1/class`, '0x030000\n');
    expect(facts(bare)).toMatchObject({ wanted: 'cpu', sign: false, card: false, driver: null });
    write(bare, `${bus}1/vendor`, '0x10de\n');
    expect(facts(bare)).toMatchObject({ wanted: 'cpu', sign: false, card: true, driver: null });
    write(bare, 'proc/driver/nvidia/version', module);
    expect(facts(bare)).toMatchObject({ wanted: 'gpu', sign: true, driver: '470.57.02' });
  });

  it("has CUDA's libraries, or lacks them by name", () => {
    const site = temporaryFolder('site');
    const wanted = ['cublas', 'cuda-nvcc', 'cudnn'].map((name) => `nvidia-${name}-cu12==1.0`);
    const text = [...wanted, 'tensorflow==2.21.0', ''].join('\n');
    write(site, 'nvidia/cublas/lib/libcublas.so.12', '');
    write(site, 'nvidia/cuda_nvcc/bin/ptxas', '');
    write(site, 'nvidia/cudnn/lib/__init__.py', '');
    expect(lackingLibraries(site, text)).toEqual(['nvidia-cudnn-cu12']);
    write(site, 'nvidia/cudnn/lib/libcudnn.so.9', '');
    expect(lackingLibraries(site, text)).toEqual([]);
    expect(lackingLibraries(null)).toContain('nvidia-cudnn-cu12');
  });
});

describe('npm run doctor', () => {
  const isBare = chooseDevice({}) === 'cpu'; // of the machine on which this test runs
  function doctor(env: NodeJS.ProcessEnv): string {
    const script = path.join(root, 'scripts', 'doctor.mjs');
    const options = { encoding: 'utf8' as const, env };
    const { stdout, stderr } = spawnSync(process.execPath, [script], options);
    expect(stderr).toBe('');
    return stdout;
  }

  it('on an H100 whose driver is too old: says so, and computes on the CPU', () => {
    const old = h100.replace('550.54.15', '470.57.02');
    const said = doctor({ ...withSmi(old), SDM_DEVICE: 'gpu' });
    if (isBare) {
      expect(said).toMatch(/^FAIL {2}GPU: the driver is 470\.57\.02; .* needs R525 or newer\.$/m);
      expect(said).toMatch(/^FAIL {2}device: .*cpu: .*\n {6}What to do: Install a driver of 525/m);
    } else expect(said).toMatch(/^OK {4}GPU: used, .*the driver is 470\.57\.02/m);
    expect(said).toMatch(/^OK {4}convolution: /m);
  });

  it('on an H100 that is hidden: says which variable hides it', () => {
    const said = doctor({ ...withSmi(h100), SDM_DEVICE: 'gpu', CUDA_VISIBLE_DEVICES: '-1' });
    expect(said).toMatch(/^FAIL {2}GPU: CUDA_VISIBLE_DEVICES='-1' hides every GPU; there is 0\.$/m);
    expect(said).toMatch(/^FAIL {2}device: .*\n {6}What to do: Unset it, or name one/m);
  });

  it('for the CPU beside an H100: is content', () => {
    const said = doctor({ ...withSmi(h100), SDM_DEVICE: 'cpu' });
    expect(said).toMatch(/^OK {4}GPU: not used: SDM_DEVICE=cpu$/m);
    if (isBare) expect(said).toMatch(/^OK {4}device: cpu, /m);
  });

  it('with SDM_DEVICE=gpu and no GPU at all: says that the CPU is used, as two lines that are OK', () => {
    const { PATH } = process.env;
    const parts = PATH!.split(':').filter((part) => !fs.existsSync(path.join(part, 'nvidia-smi')));
    const said = doctor({ ...process.env, PATH: parts.join(':'), SDM_DEVICE: 'gpu' });
    if (isBare) {
      expect(said).toMatch(/^OK {4}GPU: no GPU found, running on the CPU$/m);
      expect(said).toMatch(/^OK {4}device: cpu: no GPU found, running on the CPU$/m);
    } else expect(said).not.toContain('no GPU found');
  });
});
