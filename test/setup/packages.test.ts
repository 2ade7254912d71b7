import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Locked {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  link?: boolean;
}
type Packages = Record<string, Locked>;

const { npmEnvironment, packageMismatch } = loadScript<{
  npmEnvironment: (
    env: Record<string, string>,
    canWrite: (place: string) => boolean,
  ) => Record<string, string>;
  packageMismatch: (
    locked: Packages,
    installed: Packages,
    exists: (place: string) => boolean,
    system?: { platform: string; arch: string },
  ) => string | null;
}>('setup/node-packages.mjs');
const { parsePins } = loadScript<{
  parsePins: (text: string, python: number[]) => Map<string, string>;
}>('setup/python-environment.mjs');
const { tensorflowFile, tensorflowOptions, tensorflowWheel } = loadScript<{
  tensorflowFile: (device: string, arch: string) => string;
  tensorflowOptions: (python: number[], site: string) => string[];
  tensorflowWheel: (device: string, arch: string) => string;
}>('setup/tensorflow-package.mjs');
const { chooseDevice } = loadScript<{
  chooseDevice: (env: Record<string, string>, exists: (file: string) => boolean) => string;
}>('setup/device.mjs');

describe('packageMismatch', () => {
  const locked: Packages = {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
    'node_modules/other-system': { version: '3.0.0', optional: true },
  };
  const installed: Packages = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
  };

  it('is null when all is there but the optional', () => {
    expect(packageMismatch(locked, installed, () => true)).toBeNull();
  });

  it('names a package of another version, a missing one, and one whose folder has gone', () => {
    const other = { ...installed, 'node_modules/a/node_modules/b': { version: '2.0.1' } };
    expect(packageMismatch(locked, other, () => true)).toBe('b 2.0.0 is not installed');
    expect(packageMismatch(locked, {}, () => true)).toBe('a 1.0.0 is not installed');
    expect(packageMismatch(locked, installed, (place) => place !== 'node_modules/a')).toBe(
      'a 1.0.0 is not installed',
    );
  });

  it('misses the binaries of this system where node_modules came from another one', () => {
    const binary = (os: string, cpu: string, libc?: string[]): Locked => ({
      ...{ version: '1.0.0', optional: true, os: [os], cpu: [cpu] },
      ...(libc && { libc }),
    });
    const all = {
      'node_modules/b-linux-x64': binary('linux', 'x64', ['glibc']),
      'node_modules/b-linux-x64-musl': binary('linux', 'x64', ['musl']),
      'node_modules/b-linux-arm64': binary('linux', 'arm64', ['glibc']),
      'node_modules/b-darwin-arm64': binary('darwin', 'arm64'),
      'node_modules/b-wasm': { version: '1.0.0', optional: true },
    };
    const onX64 = { 'node_modules/b-linux-x64': all['node_modules/b-linux-x64'] };
    const mismatch = (platform: string, arch: string): string | null =>
      packageMismatch(all, onX64, () => true, { platform, arch });
    expect(mismatch('linux', 'x64')).toBeNull();
    expect(mismatch('linux', 'arm64')).toBe('b-linux-arm64 1.0.0 is not installed');
    expect(mismatch('darwin', 'arm64')).toBe('b-darwin-arm64 1.0.0 is not installed');
  });
});

describe("npm's cache", () => {
  it('is in the clone where its own cannot be written to', () => {
    const own = path.join(root, '.setup', 'npm-cache');
    const at = (env: Record<string, string>, writable: string) =>
      npmEnvironment(env, (place) => place.startsWith(writable)).npm_config_cache;
    expect(at({ HOME: '/home/a' }, '/home')).toBeUndefined();
    expect(at({ HOME: '/other' }, '/home')).toBe(own);
    expect(at({ HOME: '/other', npm_config_cache: '/home/c' }, '/home')).toBe('/home/c');
    expect(at({ HOME: '/home/a', npm_config_cache: '/other/c' }, '/home')).toBe(own);
  });
});

describe('parsePins', () => {
  it('reads names however they are spelt, and minds the version of Python', () => {
    const text = [
      '# a note',
      'Foo_Bar.baz==1.2.3',
      'old-only==1 ; python_version < "3.11"',
      'new-only==2 ; python_version >= "3.12"',
      '',
    ].join('\n');
    expect([...parsePins(text, [3, 10])]).toEqual([
      ['foo-bar-baz', '1.2.3'],
      ['old-only', '1'],
    ]);
    expect([...parsePins(text, [3, 11])]).toEqual([['foo-bar-baz', '1.2.3']]);
    expect([...parsePins(text, [3, 13])].map(([name]) => name)).toEqual([
      'foo-bar-baz',
      'new-only',
    ]);
  });

  it.each([
    'requirements',
    'requirements-arm64',
    'requirements-compiler',
    'requirements-cpu',
    'requirements-gpu',
    'requirements-parity',
    'requirements-test',
  ])('finds a version for every package of %s.txt', (name) => {
    const text = fs.readFileSync(path.join(root, `${name}.txt`), 'utf8');
    const packages = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const pins = new Set([...parsePins(text, [3, 10]).keys(), ...parsePins(text, [3, 12]).keys()]);
    expect(pins.size).toBe(packages.length);
  });
});

describe("TensorFlow's wheel", () => {
  it('is the one for the device and the processor', () => {
    expect(tensorflowFile('cpu', 'x64')).toBe('requirements-cpu.txt');
    expect(tensorflowFile('cpu', 'arm64')).toBe('requirements-arm64.txt');
    expect(tensorflowFile('gpu', 'arm64')).toBe('requirements-gpu.txt');
    expect(tensorflowWheel('cpu', 'x64')).toBe('tensorflow-cpu');
    expect(tensorflowWheel('cpu', 'arm64')).toBe('tensorflow');
    expect(tensorflowWheel('gpu', 'x64')).toBe('tensorflow');
    for (const name of ['requirements-cpu', 'requirements-arm64', 'requirements-gpu']) {
      const pins = parsePins(fs.readFileSync(path.join(root, `${name}.txt`), 'utf8'), [3, 12]);
      expect(pins.get(name === 'requirements-cpu' ? 'tensorflow-cpu' : 'tensorflow')).toBe(
        '2.21.0',
      );
    }
  });

  it('is that of Python 3.13 where there is none for this Python', () => {
    for (const minor of [10, 11, 12, 13])
      expect(tensorflowOptions([3, minor, 1], '/s')).toEqual(['--no-compile']);
    expect(tensorflowOptions([3, 14, 0], '/s')).toEqual(
      '--no-compile --python-version 3.13 --only-binary :all: --target /s --upgrade'.split(' '),
    );
  });
});

describe('chooseDevice', () => {
  it('looks for a driver, and lets SDM_DEVICE overrule it', () => {
    const driver = (file: string): boolean => file === '/proc/driver/nvidia/version';
    expect(chooseDevice({}, () => false)).toBe('cpu');
    expect(chooseDevice({}, driver)).toBe('gpu');
    expect(chooseDevice({ SDM_DEVICE: 'cpu' }, driver)).toBe('cpu');
    expect(chooseDevice({ SDM_DEVICE: 'gpu' }, () => false)).toBe('gpu');
  });

  it('refuses another word', () => {
    expect(() => chooseDevice({ SDM_DEVICE: 'cuda' }, () => false)).toThrow(
      "SDM_DEVICE is 'cuda'; 'cpu' and 'gpu' are known.",
    );
  });
});
