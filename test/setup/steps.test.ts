import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Step {
  name: string;
  title: string;
  disk: number;
  remedy: string;
  verified?: boolean;
  inputs: () => unknown;
  missing: () => string | null;
  run: (context: { logFile: string }) => Promise<void>;
}

const { reasonToRun, runStep } = loadScript<{
  reasonToRun: (step: Step) => string | null;
  runStep: (step: Step, tools: { python: string }) => Promise<void>;
}>('setup/step.mjs');
const { run } = loadScript<{
  run: (program: string, args: string[], options: { logFile: string }) => Promise<void>;
}>('setup/command.mjs');
const { takeLock } = loadScript<{
  takeLock: (file: string, onWait?: (pid: number) => void) => Promise<() => void>;
}>('setup/lock.mjs');

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-setup-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.rmSync(path.join(root, '.setup', 'seeded-step.stamp'), { force: true });
  fs.rmSync(path.join(root, '.setup', 'logs', 'seeded-step.log'), { force: true });
});

describe('a step', () => {
  let input = 1;
  const made = (): string => path.join(folder, 'made');
  const step = (change: Partial<Step> = {}): Step => ({
    name: 'seeded-step',
    title: 'A seeded step',
    disk: 0,
    remedy: 'Do better.',
    inputs: () => input,
    missing: () => (fs.existsSync(made()) ? null : 'made is missing'),
    run: () => Promise.resolve(fs.writeFileSync(made(), '')),
    ...change,
  });
  const tools = { python: 'python3' };

  it('runs once, and again when its input changes or its result is gone', async () => {
    input = 1;
    expect(reasonToRun(step())).toBe('made is missing');
    await runStep(step(), tools);
    expect(reasonToRun(step())).toBeNull();
    input = 2;
    expect(reasonToRun(step())).toBe('what it depends on has changed');
    await runStep(step(), tools);
    fs.unlinkSync(made());
    expect(reasonToRun(step())).toBe('made is missing');
  });

  it('needs no stamp if it checks its whole result', () => {
    fs.writeFileSync(made(), '');
    expect(reasonToRun(step())).toBe('not done yet');
    expect(reasonToRun(step({ verified: true }))).toBeNull();
  });

  it('names itself, the cause and the remedy when it fails, and runs again then', async () => {
    await runStep(step(), tools);
    const script = "console.error('disk error: no space'); process.exit(3)";
    const failing = step({
      run: ({ logFile }) => run(process.execPath, ['-e', script], { logFile }),
    });
    input++;
    const failure = await runStep(failing, tools).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'SetupFailure', remedy: 'Do better.' });
    const { message } = failure as Error;
    expect(message).toMatch(/^A seeded step: `.*` ended with exit code 3\n/);
    expect(message).toContain('disk error: no space');
    expect(message).toContain('.setup/logs/seeded-step.log');
    expect(reasonToRun(step())).toBe('not done yet');
  });

  it('that fills the disk says to make room, whatever it was to do', async () => {
    const script = "console.error('npm error nospc ENOSPC: no space left on device, write')";
    const failing = step({
      missing: () => 'made is missing',
      run: ({ logFile }) =>
        run(process.execPath, ['-e', `${script}; process.exit(1)`], { logFile }),
    });
    const told = runStep(failing, tools).catch((error: unknown) => error);
    expect(await told).toMatchObject({ remedy: expect.stringMatching(/^A disk is full, .*df -h/) as string }); // prettier-ignore
    const itself = step({ run: () => Promise.reject(new Error('EDQUOT: over quota')) });
    const said = runStep(itself, tools).catch((error: unknown) => error);
    expect(await said).toMatchObject({ remedy: expect.stringContaining('make room') as string });
  });

  it('that ends without its result has failed', async () => {
    const idle = step({ run: () => Promise.resolve() });
    await expect(runStep(idle, tools)).rejects.toThrow(
      'A seeded step: it ended, but made is missing',
    );
  });
});

describe('the order of steps', () => {
  const { inOrder, steps } = loadScript<{
    inOrder: (all: Needing[], run: (step: Needing) => Promise<void>) => Promise<void[]>;
    steps: Needing[];
  }>('setup/run.mjs');
  interface Needing {
    name: string;
    needs?: string[];
  }

  it('has each begin when those that it needs are done, beside the others', async () => {
    const events: string[] = [];
    const ends = new Map<string, () => void>();
    const end = (name: string) =>
      new Promise((resolve) => {
        ends.get(name)!();
        setTimeout(resolve, 0);
      });
    const all = [{ name: 'c', needs: ['a', 'b'] }, { name: 'a' }, { name: 'b', needs: ['a'] }];
    const done = inOrder([...all, { name: 'aside' }], ({ name }) => {
      events.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(events).toEqual(['a', 'aside']);
    await end('a');
    expect(events).toEqual(['a', 'aside', 'b']);
    await end('b');
    expect(events).toEqual(['a', 'aside', 'b', 'c']);
    await end('aside');
    await end('c');
    await done;
  });

  it('begins none whose need has failed', async () => {
    const begun: string[] = [];
    const all = [{ name: 'b', needs: ['a'] }, { name: 'a' }];
    const done = inOrder(all, ({ name }) => {
      begun.push(name);
      return Promise.reject(new Error('no room'));
    });
    await expect(done).rejects.toThrow('no room');
    expect(begun).toEqual(['a']);
  });

  it('names only steps that there are', () => {
    const names = steps.map(({ name }) => name);
    for (const { needs = [] } of steps) expect(names).toEqual(expect.arrayContaining(needs));
  });
});

it('all steps can tell why they have to run after .venv was deleted, or pip was ended in its midst', () => {
  for (const name of ['scripts', 'kernel', 'labextension', 'native']) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  for (const name of [
    'requirements.txt',
    'requirements-arm64.txt',
    'requirements-cpu.txt',
    'requirements-gpu.txt',
  ]) {
    fs.copyFileSync(path.join(root, name), path.join(folder, name));
  }
  const early = ['quiet', 'session-config', 'distributed', 'fused-ops'];
  const built = [
    ...['fused-ops.stamp', 'native-addon.stamp'].map((name) => `.setup/${name}`),
    ...early.map((name) => `.setup/native/${name}.node`),
    'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node',
  ];
  for (const name of built) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), '');
  }
  const tell = `
    const { steps } = await import('./scripts/setup/run.mjs');
    const { reasonToRun } = await import('./scripts/setup/step.mjs');
    for (const step of steps) console.log(step.name + ': ' + reasonToRun(step));`;
  const ask = (): string => {
    const told = spawnSync(process.execPath, ['--input-type=module', '-e', tell], { cwd: folder });
    expect(told.stderr.toString()).toBe('');
    expect(told.stdout.toString()).toContain('native-addon: TensorFlow is not there\n');
    expect(told.stdout.toString()).toContain('fused-ops: TensorFlow is not there\n');
    return told.stdout.toString();
  };
  const told = ask();
  for (const name of ['python-environment', 'tensorflow-package', 'python-packages']) {
    expect(told).toContain(`${name}: .venv is missing or its Python has gone\n`);
  }
  // The folder without its libraries, and a list of the page's that was cut off.
  fs.mkdirSync(path.join(folder, '.venv/lib/python3.11/site-packages/tensorflow'), {
    recursive: true,
  });
  const page = ['index.html', 'page.css', 'page.js', 'worker.js', 'webgl.js', 'webgpu.js', 'engine.wasm', 'sources.json']; // prettier-ignore
  fs.mkdirSync(path.join(folder, 'web/build'), { recursive: true });
  for (const name of page) fs.writeFileSync(path.join(folder, 'web/build', name), '');
  expect(ask()).toContain('web-page: not done yet\n');
});

describe('the lock', () => {
  it('makes a second set-up wait for the first', async () => {
    const file = path.join(folder, 'lock');
    const release = await takeLock(file);
    const order: string[] = [];
    const second = takeLock(file, (pid) => order.push(`waits for ${pid}`)).then((free) => {
      order.push('second');
      free();
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push('first is done');
    release();
    await second;
    expect(order).toEqual([`waits for ${process.pid}`, 'first is done', 'second']);
    expect(fs.existsSync(file)).toBe(false);
  });

  it('of a process that has died is cleared away', async () => {
    const file = path.join(folder, 'lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    fs.writeFileSync(file, `${pid}\n`);
    const release = await takeLock(file, () => expect.unreachable('nobody to wait for'));
    expect(fs.readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
    release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
