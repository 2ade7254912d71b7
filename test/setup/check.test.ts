import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../parity/python';
import { loadScript } from '../support/script';

type Version = [number, number, number];
interface PythonReport {
  version: string;
  executable: string;
  venv: boolean;
  ensurepip: boolean;
}
interface Failure extends Error {
  remedy: string;
}
interface CheckExports {
  parseVersion: (text: string | null) => Version | null;
  isAtLeast: (version: number[], least: number[]) => boolean;
  checkNode: (text: string) => void;
  checkPlatform: (platform: string, arch: string) => void;
  findPython: (
    wanted: string | undefined,
    probe: (name: string) => PythonReport | null,
    platform?: string,
  ) => string;
  findCompiler(
    env: Record<string, string>,
    probe: (program: string, args: string[]) => string | null,
  ): string[] | null;
  checkLibc: (version: string | undefined, platform: string) => void;
  glibcVersion: () => string | undefined;
  checkExecutable: (folder: string, canRun?: (folder: string) => boolean) => void;
  checkDisk: (
    folder: string,
    needed: number,
    statfs: () => { bavail: number; bsize: number },
  ) => void;
}

const check = loadScript<CheckExports>('setup/check.mjs');

/** What a check throws: problem and remedy in one text. */
function complaint(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { name, message, remedy } = error as Failure;
    expect(name).toBe('SetupFailure');
    return `${message} | ${remedy}`;
  }
  throw new Error('Expected a complaint, there was none.');
}

describe('versions', () => {
  it('are read from what programs print', () => {
    expect(check.parseVersion('v20.19.1')).toEqual([20, 19, 1]);
    expect(check.parseVersion('Python 3.11.7+')).toEqual([3, 11, 7]);
    expect(check.parseVersion('python3.10')).toEqual([3, 10, 0]);
    expect(check.parseVersion('none')).toBeNull();
    expect(check.parseVersion(null)).toBeNull();
  });

  it('are compared number by number', () => {
    expect(check.isAtLeast([20, 19, 0], [20, 19])).toBe(true);
    expect(check.isAtLeast([20, 9, 9], [20, 19])).toBe(false);
    expect(check.isAtLeast([21, 0, 0], [20, 19])).toBe(true);
    expect(check.isAtLeast([3, 9, 18], [3, 10])).toBe(false);
  });
});

describe('checkNode', () => {
  it.each(['20.19.0', '20.20.2', '22.13.0', '22.23.3', '24.0.0', '24.21.0', '26.12.1'])(
    'takes %s',
    (version) => {
      expect(() => check.checkNode(version)).not.toThrow();
    },
  );

  it.each(['18.20.8', '20.18.3', '21.7.3', '22.12.0', '23.0.0', '25.9.0', '27.0.0'])(
    'refuses %s by name',
    (version) => {
      const text = complaint(() => check.checkNode(version));
      expect(text).toContain(`this is Node ${version}`);
      expect(text).toContain('nvm install 24');
    },
  );
});

describe('checkPlatform', () => {
  it('takes Linux and Apple silicon, and sends others there', () => {
    for (const [platform, arch] of ['linux x64', 'linux arm64', 'darwin arm64'].map((pair) =>
      pair.split(' '),
    )) {
      expect(() => check.checkPlatform(platform!, arch!)).not.toThrow();
    }
    expect(complaint(() => check.checkPlatform('darwin', 'x64'))).toContain('a Mac of Intel');
    expect(complaint(() => check.checkPlatform('win32', 'x64'))).toContain('wsl --install');
    expect(complaint(() => check.checkPlatform('linux', 'ia32'))).toContain('linux on ia32');
  });
});

describe('findPython', () => {
  const python = (version: string, venv = true): PythonReport => ({
    version,
    executable: `/opt/${version}/python`,
    venv,
    ensurepip: venv,
  });

  it('takes the first that fits', () => {
    const there: Record<string, PythonReport> = {
      python3: python('3.9.2'),
      'python3.12': python('3.12.4'),
      'python3.11': python('3.11.7'),
    };
    expect(check.findPython(undefined, (name) => there[name] ?? null)).toBe('/opt/3.12.4/python');
  });

  it('tries only the one that was named', () => {
    const text = complaint(() =>
      check.findPython('/my/python', (name) => python(name === '/my/python' ? '3.15.0' : '3.11.7')),
    );
    expect(text).toBe(
      'Python 3.10 to 3.14 with venv is needed: SDM_PYTHON names /my/python, which is Python 3.15.0. | ' +
        'Name another one in SDM_PYTHON, or unset it.',
    );
    expect(text).not.toContain('python3.11 ');
  });

  it('says how to install venv where only that is lacking', () => {
    const text = complaint(() =>
      check.findPython(undefined, (name) => (name === 'python3' ? python('3.12.3', false) : null)),
    );
    expect(text).toContain('python3 has no venv module');
    expect(text).toContain('python3.12-venv');
  });

  it('names every Python that it looked for', () => {
    const text = complaint(() => check.findPython(undefined, () => null));
    expect(text).toContain('python3.10 is not there');
    expect(text).toContain('SDM_PYTHON');
    expect(complaint(() => check.findPython(undefined, () => null, 'darwin'))).toContain('brew ');
  });
});

describe('findCompiler', () => {
  it('heeds CXX', () => {
    const probe = (name: string): string | null => (name === 'g++' ? null : 'there');
    expect(check.findCompiler({ CXX: 'my-c++' }, probe)).toEqual(['my-c++']);
    expect(check.findCompiler({}, probe)).toEqual(['c++']);
  });

  it('takes a program with arguments, and one whose name has a space', () => {
    const there = ['ccache g++ -m64', '/my tools/c++'];
    const probe = (program: string, args: string[]): string | null =>
      there.includes([program, ...args].join(' ')) && (args.length > 0 || program.startsWith('/'))
        ? 'there'
        : null;
    expect(check.findCompiler({ CXX: ' ccache  g++ -m64' }, probe)).toEqual([
      'ccache',
      'g++',
      '-m64',
    ]);
    expect(check.findCompiler({ CXX: '/my tools/c++' }, probe)).toEqual(['/my tools/c++']);
  });

  it('is null where there is none, and refuses one named in vain', () => {
    expect(check.findCompiler({}, () => null)).toBeNull();
    expect(complaint(() => check.findCompiler({ CXX: 'my-c++' }, () => null))).toBe(
      'CXX names my-c++, which does not run. | Unset it, or name a compiler of C++17: `CXX=clang++ npm run setup`.',
    );
  });
});

describe('checkLibc', () => {
  it('takes glibc 2.27 and newer, as the tags of the wheels say', () => {
    for (const version of ['2.27', '2.36', '3.0']) check.checkLibc(version, 'linux');
    check.checkLibc(undefined, 'darwin');
    expect(complaint(() => check.checkLibc('2.17', 'linux'))).toContain(
      'this machine has glibc 2.17',
    );
    expect(complaint(() => check.checkLibc(undefined, 'linux'))).toContain(
      'another C library (musl?)',
    );
  });

  it('knows the one of this process', () => {
    expect(check.glibcVersion()).toMatch(/^2\.\d+$/);
  });
});

it('checkExecutable asks by running something there, and leaves nothing', () => {
  const folder = temporaryFolder();
  expect(() => check.checkExecutable(folder)).not.toThrow();
  expect(fs.readdirSync(folder)).toEqual([]);
  expect(complaint(() => check.checkExecutable('/clone', () => false))).toMatch(
    /^\/clone is on a disk of which nothing may be run \(noexec\): .* \| Move the clone to another disk/,
  );
});

describe('checkDisk', () => {
  it('compares what is free with what is needed', () => {
    const free = (gigabytes: number) => () => ({ bavail: gigabytes * 1e6, bsize: 1000 });
    expect(() => check.checkDisk('/clone', 6, free(6.1))).not.toThrow();
    expect(complaint(() => check.checkDisk('/clone', 6, free(2.5)))).toMatch(
      /6\.0 GB of free disk are needed in \/clone, 2\.5 GB are there/,
    );
  });
});
