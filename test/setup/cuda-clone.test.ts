/** What is around the set-up with CUDA's wheels: when it runs, what is said where it does not, what is left of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';
import { temporaryFolder } from '../support/temporary';
import { failureOf, guard, terminal } from './cuda-clone';

interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly system?: { readonly platform: string; readonly arch: string };
  readonly folder?: string;
  readonly isSeen?: () => boolean;
  readonly statfs?: () => { readonly bavail: number; readonly bsize: number };
}
const { cudaTest, whyWithoutCuda } = loadScript<{
  cudaTest: string;
  whyWithoutCuda: (machine: Machine) => string | null;
}>('test/cuda.mjs');

describe('it runs', () => {
  const system = { platform: 'linux', arch: 'x64' };
  const asked = (env: NodeJS.ProcessEnv, more: Partial<Machine> = {}): string | null => {
    const statfs = () => ({ bavail: 15e6, bsize: 1000 });
    return whyWithoutCuda({ env, system, folder: '/tmp', isSeen: () => false, statfs, ...more });
  };
  const command = `SDM_TEST_CUDA=1 npm test -- ${cudaTest}\` runs it.`;

  it('in CI, and where it is asked for; elsewhere it is told what would run it', () => {
    for (const env of [{ CI: 'true' }, { SDM_TEST_CUDA: '1' }, { CI: 'false', SDM_TEST_CUDA: '1' }])
      expect(asked(env)).toBeNull();
    for (const env of [{}, { CI: '' }, { CI: 'false' }, { CI: 'true', SDM_TEST_CUDA: '0' }])
      expect(asked(env)).toBe(`it fetches 3.4 GB, and was not asked for: \`${command}`);
    expect(fs.existsSync(path.join(root, cudaTest))).toBe(true);
  });

  it('where there is room, else it is told how much is lacking where', () => {
    const statfs = () => ({ bavail: 9.1e6, bsize: 1000 });
    expect(asked({ CI: 'true' }, { statfs })).toBe(
      '14 GB of free disk are needed in /tmp, 9.1 GB are there: make room, or name a folder of a larger disk: ' +
        `\`TMPDIR=FOLDER SDM_TEST_CUDA=1 npm test -- ${cudaTest}\`.`,
    );
  });

  it('where there are such wheels, and no GPU with which the clone itself is set up', () => {
    const mac = { system: { platform: 'darwin', arch: 'arm64' } };
    expect(asked({ CI: 'true' }, mac)).toMatch(/Linux on x64, this is darwin on arm64\.$/);
    expect(asked({ CI: 'true' }, { isSeen: () => true })).toMatch(/^a GPU is here: /);
  });
});

it('commands have the environment of a terminal, with the registries that it names', () => {
  const own = { PATH: '/bin', CI: 'true', SDM_PYTHON: 'python3.12', npm_config_registry: 'https://a.org' };
  const added = { SDM_DEVICE: 'cpu', SDM_TENSORFLOW: '/t', TF_CPP_MIN_LOG_LEVEL: '2', VITEST: 'true', NODE_ENV: 'test' };
  expect(terminal({ ...own, ...added, npm_lifecycle_event: 'test' })).toEqual(own);
}); // prettier-ignore

it('a failure is told with its step and cause in the first line, then the last lines and what to do', () => {
  const printed =
    '> npm\n\nset-up: npm packages …\nset-up failed: Python: `pip` failed\n\nWhat to do: look\n';
  const told = failureOf('set-up', 'npm run setup', 'ended with 1', printed).split('\n');
  expect(told[0]).toBe(
    'set-up: `npm run setup` was expected to end with exit code 0, and ended with 1: set-up failed: Python: `pip` failed What to do: look',
  );
  expect(told.slice(1, -1)).toContain('    What to do: look');
  expect(told.at(-1)).toMatch(/^What to do: .*`npm run setup` shows it again\.$/);
  const ofVitest = failureOf('tests', 'npx vitest', 'ended with 1', 'FAIL  a.test.ts\nError: no');
  expect(ofVitest).toContain(' ended with 1: FAIL  a.test.ts Error: no\n');
});

it.runIf(process.platform === 'linux')(
  'what a process leaves that is killed is ended and removed, and nothing else',
  async () => {
    const folder = temporaryFolder('guarded');
    fs.mkdirSync(path.join(folder, 'deep'));
    const start = (cwd: string) =>
      spawn('sleep', ['600'], { cwd, detached: true, stdio: 'ignore' });
    const work = [folder, path.join(folder, 'deep')].map(start);
    const other = start(path.dirname(folder));
    const ends = work.map((child) => once(child, 'exit'));
    const guarding = guard(folder);
    const gone = once(guarding, 'exit');
    guarding.stdin!.destroy(); // as the end of a process closes it
    expect(await Promise.all(ends)).toEqual([[null, 'SIGKILL'], [null, 'SIGKILL']]); // prettier-ignore
    await gone;
    expect(fs.existsSync(folder)).toBe(false);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    other.kill();
  },
);
