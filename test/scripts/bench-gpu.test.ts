/** The rows of the bench on a GPU, how one is measured, and how the command refuses without one. None of it needs a GPU. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Row {
  readonly name: string;
  readonly title: string;
  readonly precision: string;
  readonly tasks: Record<'ours' | 'eager' | 'compile', Record<string, unknown>>;
}

const { gpuRows } = loadScript<{
  gpuRows: (names: string[], tf32: string, xla?: boolean) => Row[];
}>('bench/gpu/cases.mjs');
const { memoryOf, refuseBindingWithoutGpu, refusePeerWithoutGpu } = loadScript<{
  memoryOf: (pid: number, lines: string | null) => number | null;
  refuseBindingWithoutGpu: (binding: object) => void;
  refusePeerWithoutGpu: (peer: object, python: string) => void;
}>('bench/gpu/facts.mjs');

describe('the rows on a GPU', () => {
  const all = ['unet-64', 'sample-16', 'unet-512-bf16', 'unet-512'];

  it('come in the order of their weight, whatever was asked for first', () => {
    const names = gpuRows(all, 'same').map(({ name }) => name);
    expect(names).toEqual(['unet-512', 'unet-512-bf16', 'sample-16', 'unet-64']);
    expect(gpuRows(['unet-64'], 'same')).toHaveLength(1);
  });

  it('are the same work for all three sides', () => {
    for (const { name, title, precision, tasks } of gpuRows(all, 'same')) {
      const { ours, eager, compile } = tasks;
      const isMixed = name.endsWith('-bf16');
      expect(precision).toBe(isMixed ? 'bfloat16' : 'float32');
      expect(title.endsWith(', bfloat16')).toBe(isMixed);
      expect(ours['mixedPrecision']).toBe(isMixed ? 'bf16' : undefined);
      expect(ours['microBatch']).toBe(ours['batch']);
      expect(eager).toMatchObject({ device: 'cuda', mode: 'eager', precision, tf32: true });
      expect(compile).toEqual({ ...eager, mode: 'compile' });
      for (const key of ['kind', 'batch', 'text', 'images', 'steps', 'guidance'])
        expect(eager[key]).toBe(ours[key]);
    }
  });

  it('with XLA are the same but for our training steps', () => {
    const plain = gpuRows(all, 'same');
    for (const [i, { name, title, tasks }] of gpuRows(all, 'same', true).entries()) {
      const isTraining = name.startsWith('unet');
      const ours = { ...plain[i]!.tasks.ours, ...(isTraining && { xla: true }) };
      expect(tasks).toEqual({ ...plain[i]!.tasks, ours });
      expect(title.endsWith(', ours by XLA')).toBe(isTraining);
    }
  });

  it.each([
    ['same', true],
    ['default', null],
    ['off', false],
  ])('TF32 %s is %s in PyTorch', (tf32, allow) => {
    for (const { tasks } of gpuRows(all, tf32)) expect(tasks.compile['tf32']).toBe(allow);
  });
});

it.each([
  [7, '7, 1000', 1.048576],
  [7, '17, 5\n7, 1000\n8, 3', 1.048576],
  [7, '7, 500\n7, 500', 1.048576],
  [7, '17, 1000', null],
  [7, '7, [N/A]', null],
  [7, '[Not Supported]', null],
  [7, '', null],
  [7, null, null],
])('the device memory of process %s of %j is %s GB', (pid, lines, wanted) => {
  expect(memoryOf(pid, lines)).toBe(wanted);
});

describe('without a GPU', () => {
  it('is refused by what either side says', () => {
    expect(() => refuseBindingWithoutGpu({ device: 'gpu', tensorflow: '2' })).not.toThrow();
    expect(() => refuseBindingWithoutGpu({ device: 'cpu', tensorflow: '2' })).toThrow(
      "expected a GPU, got none: TensorFlow's native binding (2) uses the cpu.",
    );
    const peer = { torch: '2.13', cuda: '13.0', available: true };
    expect(() => refusePeerWithoutGpu(peer, 'py')).not.toThrow();
    expect(() => refusePeerWithoutGpu({ ...peer, available: false }, 'py')).toThrow(
      'torch.cuda.is_available() is false (PyTorch 2.13, built for CUDA 13.0, in py).',
    );
    expect(() => refusePeerWithoutGpu({ torch: '2', cuda: null, available: false }, 'py')).toThrow(
      'built without CUDA',
    );
  });

  it('the command says so, and leaves nothing', () => {
    const folder = path.join(root, 'runs', 'bench');
    const names = () => (fs.existsSync(folder) ? fs.readdirSync(folder) : null);
    const before = names();
    // A card that is there is not seen, and nothing would be installed if the refusal came too late.
    const env = { ...process.env, CUDA_VISIBLE_DEVICES: '-1', SDM_PARITY_PYTHON: 'python3' };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(root, 'scripts', 'bench.mjs'), '--device', 'gpu'],
      { cwd: root, env, encoding: 'utf8' },
    );
    expect(stderr).toMatch(
      /^--device gpu: expected a GPU, got none: TensorFlow's native binding \(2\.\d+\.\d+\) uses the cpu\.\n\nWhat to do: `npm run doctor` /,
    );
    expect(stderr).not.toMatch(/\n\s+at |set-up:/);
    expect(stdout).toBe('');
    expect(status).toBe(1);
    expect(names()).toEqual(before);
  });
});

/** Runs the bench with sides that are played. @param stopAt what it says when it gets the signal */
function play(
  hanging: string,
  stopAt?: RegExp,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<{ code: number | null; text: string }> {
  const script = path.join(root, 'test', 'scripts', 'bench-gpu-played.mjs');
  const child = spawn(process.execPath, [script, hanging], { cwd: root });
  let text = '';
  const onMore = (data: Buffer) => {
    text += data.toString();
    if (stopAt?.test(text)) child.kill(signal);
  };
  child.stdout.on('data', onMore);
  child.stderr.on('data', onMore);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })));
}

/** What a run has written, which is taken away. */
function reportIn(text: string) {
  const file = path.join(root, /runs\/bench\/gpu-quick-\S+\.json/.exec(text)![0]);
  const report = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    machine: { device: string; gpu: { name: string } };
    results: { name: string; ours: unknown; eager: unknown; compile: unknown }[];
  };
  fs.rmSync(file);
  return report;
}

describe('a run', () => {
  it('reports and saves all rows with the device', async () => {
    const { code, text } = await play('none');
    expect(text).toContain('Missed:\n  UNet train step, batch 512: 1.000 of the speed of PyTorch');
    const { machine, results } = reportIn(text);
    expect(machine).toMatchObject({ device: 'gpu', gpu: { name: 'Card', tf32: 'same' } });
    for (const [i, name] of ['unet-512', 'unet-64'].entries()) {
      const measured = { median: i === 0 ? 1 : 1 / 8 };
      expect(results[i]).toMatchObject({ name, ours: measured, compile: measured });
    }
    expect(code).toBe(0);
  });

  it.each([
    ['unet-512', /case 1 of 2[^]*\n\|.*1\.00 +\| +1\.00 +\| –/, 0],
    ['unet-64', /case 2 of 2[^]*\n\|.*0\.125 +\| +0\.125 +\| –/, 1],
  ])('that is cut off in %s has reported and saved what it measured', async (name, at, index) => {
    const { code, text } = await play(name, at);
    expect(code).toBe(143);
    expect(text).toMatch(/killed compile[^]*\| UNet train step, batch 64 [^]*\nMissed:\n/);
    const { results } = reportIn(text);
    expect(results).toHaveLength(2);
    expect(results[index]).toMatchObject({ name, eager: { agrees: true }, compile: null });
    if (index === 0) expect(results[1]).toMatchObject({ ours: null, eager: null, compile: null });
    else expect(results[0]!.compile).toMatchObject({ median: 1 });
  });

  it('that is killed outright has saved what it measured', async () => {
    const { code, text } = await play('unet-512', /\n\|.*1\.00 +\| +1\.00 +\| –/, 'SIGKILL');
    expect(code).toBeNull();
    const { results } = reportIn(text);
    expect(results[0]).toMatchObject({ ours: { median: 1 }, eager: { median: 1 }, compile: null });
  });
});
