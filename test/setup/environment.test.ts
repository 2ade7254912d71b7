/** Environments whose set-up was ended while pip wrote. Real Python, real pip, wheels of this test. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../parity/python';
import { loadScript } from '../support/script';

const { environmentMismatch, install, lacksPython, sitePackages } = loadScript<{
  environmentMismatch: (folder: string, files: string[]) => string | null;
  install: (what: {
    folder: string;
    files: string[];
    logFile: string;
    anew?: boolean;
  }) => Promise<void>;
  lacksPython: (folder: string) => string | null;
  sitePackages: (folder: string) => string | null;
}>('setup/python-environment.mjs');
const { cutLibrary, removePython } = loadScript<{
  cutLibrary: (site: string, platform: string) => string | null;
  removePython: (site: string) => void;
}>('setup/tensorflow-package.mjs');
const { findPython } = loadScript<{ findPython: (wanted?: string) => string }>('setup/check.mjs');

/** A wheel whose parts come in the order of TensorFlow's: what says that it is installed comes first. */
const makeWheel = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/small-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("small-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: small\\nVersion: 1.0\\n")
    wheel.writestr("small-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("small-1.0.dist-info/RECORD", "small/library.bin,,4\\n")
    wheel.writestr("small/library.bin", "abcd")
`;

let folder: string;
let site: string;
let files: string[];
beforeAll(() => {
  const wheels = temporaryFolder();
  const python = findPython(process.env.SDM_PYTHON);
  expect(spawnSync(python, ['-c', makeWheel, wheels]).status).toBe(0);
  folder = path.join(temporaryFolder(), 'environment');
  expect(spawnSync(python, ['-m', 'venv', folder]).status).toBe(0);
  site = sitePackages(folder)!;
  files = [path.join(wheels, 'requirements.txt')];
  fs.writeFileSync(files[0]!, 'small==1.0\n');
  process.env.PIP_FIND_LINKS = wheels;
  process.env.PIP_NO_INDEX = '1';
  return () => {
    delete process.env.PIP_FIND_LINKS;
    delete process.env.PIP_NO_INDEX;
  };
});

describe('a package', () => {
  const library = (): string => path.join(site, 'small', 'library.bin');
  const installIt = (anew = false): Promise<void> =>
    install({ folder, files, logFile: path.join(folder, 'log.txt'), anew });
  beforeEach(() => {
    for (const name of ['small', 'small-1.0.dist-info']) {
      fs.rmSync(path.join(site, name), { recursive: true, force: true });
    }
  });

  it('with whose files pip had begun is not installed, and is installed over them', async () => {
    const info = path.join(site, 'small-1.0.dist-info');
    fs.mkdirSync(info);
    fs.writeFileSync(path.join(info, 'METADATA'), 'Name: small\nVersion: 1.0\n');
    fs.writeFileSync(path.join(info, 'RECORD'), 'small/library.bin,,4\n');
    fs.mkdirSync(path.dirname(library()));
    fs.writeFileSync(library(), 'ab');
    expect(environmentMismatch(folder, files)).toBe('small 1.0 not installed');
    await installIt();
    expect(environmentMismatch(folder, files)).toBeNull();
    expect(fs.readFileSync(library(), 'utf8')).toBe('abcd');
  });

  it("is installed into the environment although PYTHONPATH has it and pip's settings say --user", async () => {
    const elsewhere = temporaryFolder();
    const info = path.join(elsewhere, 'small-1.0.dist-info');
    fs.mkdirSync(info);
    fs.writeFileSync(
      path.join(info, 'METADATA'),
      'Metadata-Version: 2.1\nName: small\nVersion: 1.0\n',
    );
    fs.writeFileSync(path.join(info, 'RECORD'), '');
    Object.assign(process.env, { PYTHONPATH: elsewhere, PIP_USER: '1' });
    try {
      await installIt();
    } finally {
      delete process.env.PYTHONPATH;
      delete process.env.PIP_USER;
    }
    expect(environmentMismatch(folder, files)).toBeNull();
    expect(fs.readFileSync(library(), 'utf8')).toBe('abcd');
  });

  it('that is whole is left as it is, unless it is wanted anew', async () => {
    await installIt();
    fs.writeFileSync(library(), 'ab');
    await installIt();
    expect(fs.readFileSync(library(), 'utf8')).toBe('ab');
    await installIt(true);
    expect(fs.readFileSync(library(), 'utf8')).toBe('abcd');
  });
});

describe('the Python of an environment', () => {
  it('is wanted with its pip', () => {
    expect(lacksPython(folder)).toBeNull();
    const pip = fs.readdirSync(site).find((name) => /^pip-.*\.dist-info$/.test(name))!;
    const aside = path.join(folder, 'aside');
    fs.renameSync(path.join(site, pip), aside);
    expect(lacksPython(folder)).toBe('environment is half-done');
    fs.renameSync(aside, path.join(site, pip));
    expect(lacksPython(path.join(folder, 'no'))).toBe('no is missing or its Python has gone');
  });

  it('is told apart from the one that the system has since become', () => {
    const made = path.basename(path.dirname(site));
    const bin = path.join(temporaryFolder(), 'venv', 'bin');
    const moved = path.join(path.dirname(bin), 'lib', made, 'site-packages');
    fs.mkdirSync(bin, { recursive: true });
    fs.cpSync(site, moved, { recursive: true });
    const program = path.join(path.dirname(bin), 'python3.99');
    fs.writeFileSync(program, '');
    fs.symlinkSync(program, path.join(bin, 'python'));
    expect(lacksPython(path.dirname(bin))).toBe(
      `venv was made with ${made}, which is python3.99 now`,
    );
  });
});

it("TensorFlow's libraries are compared with what their wheel says of their size", () => {
  const wheel = temporaryFolder();
  const info = path.join(wheel, 'tensorflow_cpu-2.21.0.dist-info');
  fs.mkdirSync(info);
  fs.mkdirSync(path.join(wheel, 'tensorflow'));
  const names = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  const lines = names.map((name, i) => `tensorflow/${name},sha256=abc_-,${i + 3}\n`);
  fs.writeFileSync(path.join(info, 'RECORD'), lines.join(''));
  const [first, second] = names.map((name) => path.join(wheel, 'tensorflow', name));
  fs.writeFileSync(first!, 'abc');
  expect(cutLibrary(wheel, 'linux')).toBe(second);
  fs.writeFileSync(second!, 'abcd');
  expect(cutLibrary(wheel, 'linux')).toBeNull();
  fs.writeFileSync(first!, 'ab');
  expect(cutLibrary(wheel, 'linux')).toBe(first);
});

it("of TensorFlow's wheel, libraries, headers and notices are kept", () => {
  const wheel = temporaryFolder();
  const kept = [
    ...['THIRD_PARTY_NOTICES.txt', 'include'],
    ...['libtensorflow_cc.2.dylib', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  ];
  for (const name of [...kept, '__init__.py', 'core', 'lite', 'python']) {
    const file = path.join(wheel, 'tensorflow', name, ...(name.includes('.') ? [] : ['lib.py']));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '');
  }
  removePython(wheel);
  expect(fs.readdirSync(path.join(wheel, 'tensorflow')).sort()).toEqual(kept);
});
