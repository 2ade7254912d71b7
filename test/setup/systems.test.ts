import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import util from 'node:util';
import { expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

const systems = loadScript<{
  tensorflowLibraries: (folder: string, platform: string) => string[];
  addonArguments: (platform: string) => string[];
  tensorflowArguments: (folder: string, platform: string) => string[];
  bindsWhenLoaded: (platform: string) => boolean;
  emptyLibraryArguments: (file: string) => string[];
  emptyTensorflowArguments: (folder: string, emptyLibraries: string[]) => string[];
  nativeProcessor: (platform: string, arch: string) => string;
  instructionsOf: (cpuinfo: string) => string;
  earlyAddonNames: (platform: string) => string[];
  memoryOf: (
    platform: string,
    meminfo: () => string,
    totalBytes: number,
    limit?: number,
  ) => { total: number; available?: number };
}>('setup/systems.mjs');

it("links an addon to the wheel's libraries, by the names of each system", () => {
  const { addonArguments, tensorflowArguments, tensorflowLibraries } = systems;
  const folder = "/a folder, with 'quotes' and é";
  const runPath = ['-Xlinker', '-rpath', '-Xlinker', folder]; // -Wl, would split it at the comma
  const linux = [`${folder}/libtensorflow_cc.so.2`, `${folder}/libtensorflow_framework.so.2`];
  expect(tensorflowLibraries(folder, 'linux')).toEqual(linux);
  expect(tensorflowArguments(folder, 'linux')).toEqual([...linux, ...runPath]);
  expect(addonArguments('linux')).toEqual(['-fPIC', '-shared']);

  const mac = [`${folder}/libtensorflow_cc.2.dylib`, `${folder}/libtensorflow_framework.2.dylib`];
  expect(tensorflowArguments(folder, 'darwin')).toEqual([...mac, ...runPath]);
  expect(addonArguments('darwin')).toEqual([
    '-fPIC',
    '-dynamiclib',
    '-undefined',
    'dynamic_lookup',
  ]);
});

it('links by empty libraries of the same names only where names are bound when they are loaded', () => {
  const { bindsWhenLoaded, emptyLibraryArguments, emptyTensorflowArguments } = systems;
  expect(bindsWhenLoaded('linux')).toBe(true);
  expect(bindsWhenLoaded('darwin')).toBe(false);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-link-'));
  try {
    const tell = (program: string, args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      return stdout;
    };
    const empty = path.join(folder, 'libtensorflow_cc.so.2');
    tell('g++', emptyLibraryArguments(empty));
    const code = path.join(folder, 'asks.cc');
    fs.writeFileSync(code, 'extern "C" int TF_Version(); int version() { return TF_Version(); }');
    const addon = path.join(folder, 'asks.node');
    const link = emptyTensorflowArguments('/a folder, with é', [empty]);
    tell('g++', ['-fPIC', '-shared', code, '-o', addon, ...link]);
    const asked = tell('readelf', ['--dynamic', '--wide', addon]);
    expect(asked).toContain('Shared library: [libtensorflow_cc.so.2]');
    expect(asked).toMatch(/\((RUNPATH|RPATH)\) .*\[\/a folder, with é\]/);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

it('computes for the processor at hand, as each compiler spells it', () => {
  const { nativeProcessor } = systems;
  expect(nativeProcessor('linux', 'x64')).toBe('-march=native');
  expect(nativeProcessor('linux', 'arm64')).toBe('-march=native');
  expect(nativeProcessor('darwin', 'x64')).toBe('-march=native');
  expect(nativeProcessor('darwin', 'arm64')).toBe('-mcpu=native');
});

it('tells two processors of one name apart, on x64 and on ARM', () => {
  const { instructionsOf } = systems;
  const x64 = 'model name\t: AMD EPYC\nflags\t\t: fpu avx2\nbugs\t\t: none\n';
  expect(instructionsOf(x64)).toBe('flags\t\t: fpu avx2');
  const arm = 'processor\t: 0\nFeatures\t: fp asimd bf16\nCPU part\t: 0xd40\n';
  expect(instructionsOf(arm)).toBe('Features\t: fp asimd bf16');
  expect(instructionsOf(arm.replace('bf16', ''))).not.toBe(instructionsOf(arm));
  expect(instructionsOf('processor\t: 0\n')).toBe('');
});

it('reads the memory that is left on Linux, and all that there is elsewhere', () => {
  const text = 'MemTotal:       24000000 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n';
  expect(systems.memoryOf('linux', () => text, 0)).toEqual({ total: 24.576, available: 12.288 });
  const inContainer = systems.memoryOf('linux', () => text, 0, 2e9); // as on mybinder.org
  expect(inContainer).toEqual({ total: 2, available: 2 });
  const noLimit = systems.memoryOf('linux', () => text, 0, 2 ** 64); // as Node tells it of some
  expect(noLimit).toEqual({ total: 24.576, available: 12.288 });
  const noFile = (): string => {
    throw new Error('ENOENT');
  };
  expect(systems.memoryOf('darwin', noFile, 16e9)).toEqual({ total: 16 });
});

it('has addons that are found before TensorFlow only where the linker looks so', () => {
  const { earlyAddonNames } = systems;
  expect(earlyAddonNames('linux')).toEqual(['quiet', 'session-config', 'distributed']);
  expect(earlyAddonNames('darwin')).toEqual([]);
});

it('gives tfjs-node the functions of util that Node 23 has removed', () => {
  const load = createRequire(__filename);
  const removed = util as unknown as Record<string, ((value: unknown) => boolean) | undefined>;
  Object.assign(removed, { isArray: undefined, isNullOrUndefined: undefined });
  const file = path.join(root, 'native', 'node-util.cjs');
  delete load.cache[file];
  load(file);
  const values = [null, undefined, 0, '', [], new Uint8Array()];
  expect(values.map((value) => removed.isNullOrUndefined!(value))).toEqual(
    [true, true, false, false, false, false], // util.isNullOrUndefined of Node 22
  );
  expect(values.map((value) => removed.isArray!(value))).toEqual(
    [false, false, false, false, true, false], // util.isArray of Node 22
  );
});
