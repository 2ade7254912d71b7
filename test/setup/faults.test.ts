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

/** A folder with empty libraries of the names of TensorFlow's. */
function emptyWheel(): string {
  const wheel = fs.mkdtempSync(path.join(clone, 'wheel-'));
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    fs.writeFileSync(path.join(wheel, name), '');
  }
  return wheel;
}

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
    /set-up failed: (npm packages|Python packages|TensorFlow's libraries \(a Python wheel\)): `.*` ended with exit code 1/,
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

it.each([
  [
    { SDM_TENSORFLOW: '/nowhere/tensorflow' },
    'SDM_TENSORFLOW names /nowhere/tensorflow, where there is no libtensorflow_cc.so.2.',
    'Name the folder `tensorflow` of a wheel',
  ],
  [
    { SDM_PYTHON: '/bin/echo' },
    'SDM_PYTHON names /bin/echo, which does not run as a Python.',
    'Name another one in SDM_PYTHON, or unset it.',
  ],
])('with %j: says so before anything is fetched', (env, problem, remedy) => {
  const { status, said } = node(['scripts/setup.mjs'], env);
  expect(status).toBe(1);
  expect(said).toContain(problem);
  expect(said).toContain(`What to do: ${remedy}`);
  expect(said).not.toContain('set-up: npm packages');
  expect(said).not.toContain('    at '); // no trace
});

it('without npm beside Node: says so', () => {
  const ask = `
    const { nodePackages } = await import('./scripts/setup/node-packages.mjs');
    await nodePackages.run({ logFile: 'log.txt' }).catch((error) => console.log(error.message + ' ' + error.remedy));`;
  const { said } = node(['--input-type=module', '-e', ask], { PATH: '/nonexistent' });
  expect(said).toMatch(/^there is no npm beside this Node\. Install it /);
});

it('with a disk that was full while npm unpacked, of which it only warns: says so, and installs anew', () => {
  const npm = path.join(clone, 'bin', 'npm');
  fs.mkdirSync(path.dirname(npm));
  const list = path.join(clone, 'node_modules', '.package-lock.json');
  fs.mkdirSync(path.dirname(list), { recursive: true });
  fs.writeFileSync(list, '{"packages":{}}');
  const warning = 'npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write';
  fs.writeFileSync(npm, `#!/bin/sh\necho ${warning}\n`, { mode: 0o755 });
  const ask = `
    const { nodePackages } = await import('./scripts/setup/node-packages.mjs');
    const { runStep } = await import('./scripts/setup/step.mjs');
    await runStep(nodePackages, {}).catch((error) => console.log(error.message + ' ' + error.remedy));
    console.log(nodePackages.missing());`;
  const { said } = node(['--input-type=module', '-e', ask], {
    PATH: `${path.dirname(npm)}:${process.env.PATH}`,
  });
  expect(said).toContain(`npm packages: a file could not be unpacked: ${warning} A disk is full`);
  expect(said).toContain('node_modules is missing or half-done');
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
    SDM_TENSORFLOW: emptyWheel(),
  });
  expect(said).toContain('before: .setup/native/fused-ops.node is missing\n');
  expect(said).toMatch(
    /said: set-up: the library's own TensorFlow ops: not built \(no C\+\+ compiler is/,
  );
  expect(said).toContain('after: null\n');
  expect(said).toMatch(/told: not built .*plain ops, a training step takes 1\.9 times as long\n$/);
  expect(status).toBe(0);
});

it('with a compiler that cannot build: the ops are plain then, and what cannot be done without says why', () => {
  const compiler = path.join(clone, 'old-c++');
  const refuse = 'echo "error: unrecognized option \'-std=c++17\'" >&2; exit 1';
  fs.writeFileSync(compiler, `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${refuse}\n`, {
    mode: 0o755,
  });
  const steps = `
    const { fusedOps } = await import('./scripts/setup/fused-ops.mjs');
    const { nativeAddon } = await import('./scripts/setup/native-addon.mjs');
    const { runStep } = await import('./scripts/setup/step.mjs');
    await fusedOps.run({ logFile: 'log.txt', say: (text) => console.log('said: ' + text) });
    console.log('told: ' + fusedOps.told());
    await runStep(nativeAddon, {}).catch((error) => console.log(error.message + ' WHAT TO DO ' + error.remedy));`;
  const { said } = node(['--input-type=module', '-e', steps], {
    CXX: compiler,
    SDM_TENSORFLOW: emptyWheel(),
  });
  expect(said).toContain(
    "said: set-up: the library's own TensorFlow ops: not built (old-c++ could not, see log.txt): layers compute the same " +
      'with plain ops, a training step takes 1.9 times as long.\ntold: not built',
  );
  expect(said).toMatch(/^TensorFlow's native addon: `.*old-c\+\+ .*` ended with exit code 1$/m);
  expect(said).toContain("error: unrecognized option '-std=c++17'");
  expect(said).toContain('WHAT TO DO Read the log. A compiler of C++17 is needed (g++ 9 or newer)');
});

it('in a clone that is read-only: what is still to be done is said; what is done runs, Jupyter elsewhere', () => {
  const steps = `
    import fs from 'node:fs';
    const { checkClone } = await import('./scripts/setup/run.mjs');
    const { jupyterEnvironment } = await import('./scripts/setup/paths.mjs');
    try {
      checkClone('lib, compiled (not done yet)', '/clone', () => false);
    } catch (error) {
      console.log(error.name + ' ' + error.message + ' ' + error.remedy);
    }
    const env = jupyterEnvironment({}, () => false);
    fs.mkdirSync(env.JUPYTER_RUNTIME_DIR);
    console.log(JSON.stringify([env, jupyterEnvironment({}, () => true)]));`;
  const { said } = node(['--input-type=module', '-e', steps], {});
  const [refusal = '', environments = ''] = said.split('\n');
  expect(refusal).toMatch(
    /^SetupFailure \/clone cannot be written to, and this is to be done there: lib, compiled \(not done yet\)\. Mount it /,
  );
  const [elsewhere, inClone] = JSON.parse(environments) as Record<string, string>[];
  const folders = Object.keys(elsewhere!).filter((name) => /_DIR$|^IPYTHONDIR$/.test(name));
  expect(folders).toHaveLength(6);
  for (const name of folders) {
    expect(elsewhere![name]).not.toContain(clone);
    expect(inClone![name]).toContain(path.join(fs.realpathSync(clone), '.setup', 'jupyter'));
  }
  expect(fs.existsSync(path.dirname(elsewhere!.JUPYTER_RUNTIME_DIR!))).toBe(false); // it went with the process
});

it('in an image, whose layers keep whole seconds: what was built is not built again', () => {
  const wheel = emptyWheel();
  const library = path.join(wheel, 'libtensorflow_cc.so.2');
  const wheelTimeAt = (seconds: number): string => {
    fs.utimesSync(library, seconds, seconds);
    const ask = "console.log((await import('./scripts/setup/native-addon.mjs')).wheelTime())";
    return node(['--input-type=module', '-e', ask], { SDM_TENSORFLOW: wheel }).said;
  };
  expect(wheelTimeAt(1_700_000_000.9)).toBe('1700000000\n');
  expect(wheelTimeAt(1_700_000_000)).toBe('1700000000\n');
  expect(wheelTimeAt(1_700_000_001)).toBe('1700000001\n');
});
