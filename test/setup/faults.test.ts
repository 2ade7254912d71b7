/** The set-up where something is lacking, in a folder whose name has all that names of folders can have. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../parity/python';
import { root } from '../support/script';

let clone: string;
beforeAll(() => {
  clone = path.join(temporaryFolder(), `a 'path', "quoted", with é`);
  fs.mkdirSync(clone);
  const wanted =
    /^(scripts|kernel|labextension|native|package.*\.json|requirements.*\.txt|\.npmrc)$/;
  for (const name of fs.readdirSync(root).filter((entry) => wanted.test(entry))) {
    fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
  }
});

function node(args: string[], env: NodeJS.ProcessEnv): { status: number | null; said: string } {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|PIP_)/i.test(name));
  const options = { cwd: clone, env: { ...Object.fromEntries(inherited), ...env } };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  return { status, said: `${String(stdout)}${String(stderr)}` };
}

it('without a network: says which package was asked for, what to do, and gives the lock back', () => {
  const nowhere = 'http://127.0.0.1:9/';
  const { status, said } = node(['scripts/setup.mjs'], {
    npm_config_registry: nowhere,
    npm_config_fetch_retries: '0',
    npm_config_cache: path.join(clone, 'cache'),
    PIP_INDEX_URL: nowhere,
    PIP_RETRIES: '0',
    PIP_NO_CACHE_DIR: '1',
    PIP_CONFIG_FILE: '/dev/null',
  });
  expect(status).toBe(1);
  expect(said).toMatch(
    /set-up failed: (npm packages|Python packages): `.*` ended with exit code 1/,
  );
  expect(said).toMatch(
    /What to do: Check that the (package registry|Python package index) can be /,
  );
  expect(said).toContain('the whole output: .setup/logs/');
  expect(fs.readdirSync(path.join(clone, '.setup'))).toEqual(['logs']);
});

it('with a compiler in CXX that does not run: says so before anything is fetched', () => {
  const { status, said } = node(['scripts/setup.mjs'], { CXX: 'no-such-compiler' });
  expect(status).toBe(1);
  expect(said).toContain('set-up failed: CXX names no-such-compiler, which does not run.');
  expect(said).not.toContain('set-up: npm packages');
});

it('without a compiler: plain ops, told once and by the doctor; tried again when there is one', () => {
  const steps = `
    const { fusedOps } = await import('./scripts/setup/fused-ops.mjs');
    console.log('before: ' + fusedOps.missing());
    await fusedOps.run({ logFile: 'log.txt', say: (text) => console.log('said: ' + text) });
    console.log('after: ' + fusedOps.missing());
    console.log('told: ' + fusedOps.told());`;
  const { status, said } = node(['--input-type=module', '-e', steps], {
    PATH: '/nonexistent',
    CXX: '',
    SDM_TENSORFLOW: clone,
  });
  expect(said).toContain('before: .setup/native/fused-ops.node is missing\n');
  expect(said).toMatch(
    /said: set-up: the library's own TensorFlow ops: not built \(no C\+\+ compiler is/,
  );
  expect(said).toContain('after: null\n');
  expect(said).toMatch(/told: not built .*plain ops, a training step takes 1\.9 times as long\n$/);
  expect(status).toBe(0);
});
