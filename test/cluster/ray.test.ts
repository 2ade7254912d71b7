/** Trainings and searches as jobs of Ray, on a cluster of two nodes; only where `npm run setup -- --with cluster` has installed it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRunLog } from '../../lib/training/run-log';
import { root } from '../support/script';
import { figure, times } from '../support/soak';
import { temporaryFolder } from '../support/temporary';
import { hasRay, python, RayNodes, run, script } from './ray-nodes';

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 1_200_000 });
const temporary = temporaryFolder('ray');

/** As the product reads it: of a step that was done anew, the later one. */
const historyOf = (folder: string) => readRunLog(folder)!;

describe.skipIf(!hasRay)('command lines', () => {
  it.each([
    ['train.py', ['--', '--recipe', 'best'], /--output FOLDER: expected among the words/],
    [
      'train.py',
      ['--', '--output', 'runs/x'],
      /--output: expected an absolute path.* got 'runs\/x'/,
    ],
    [
      'train.py',
      ['--workers', '0', '--', '--output', '/x'],
      /--workers: expected a whole number from 1/,
    ],
    ['notebooks.py', ['none.ipynb', '--output', '/x'], /got 'none.ipynb', which is no file/],
    ['notebooks.py', ['none.ipynb', '--output', 'x'], /--output: expected an absolute path/],
    ['notebooks.py', ['n.ipynb', '--output', '/x', '--space', 'n=some'], /expected KEY=uniform/],
    [
      'notebooks.py',
      ['n.ipynb', '--output', '/x', '--samples', '0'],
      /--samples: expected a whole/,
    ],
    ['sweep.py', ['--output', '/x', '--space', 'lr=linear(1,2)'], /expected KEY=uniform\(A,B\)/],
    ['sweep.py', ['--output', '/x', '--space', 'lr=loguniform(0,1)'], /above 0 for logarithms/],
    ['sweep.py', ['--output', '/x', '--space', 'lr=uniform(2,1)'], /a range of rising numbers/],
    ['sweep.py', ['--output', '/x', '--space', 'n=randint(1,2.5)'], /expected whole numbers/],
    ['sweep.py', ['--output', '/x', '--space', 'n=choice([])'], /expected KEY=/],
    [
      'sweep.py',
      ['--output', 'x', '--space', 'n=choice([1])'],
      /--output: expected an absolute path/,
    ],
    [
      'sweep.py',
      ['--output', '/x', '--space', 'n=choice([1])', '--rungs', '9,3'],
      /--rungs: expected rising/,
    ],
    [
      'sweep.py',
      ['--output', '/x', '--space', 'n=choice([1])', '--images', '5'],
      /a multiple of 10/,
    ],
    [
      'sweep.py',
      ['--output', '/x', '--space', 'n=choice([1])', '--images', '0'],
      /or --metric loss/,
    ],
  ])('%s %j', (name, argv, message) => {
    const { status, stderr } = spawnSync(python, [script(name), ...argv], { encoding: 'utf8' });
    expect(stderr.replaceAll('\n', ' ')).toMatch(message);
    expect(status).toBe(2);
  });
});

describe.skipIf(!hasRay)('on two nodes', () => {
  let nodes: RayNodes;
  let address: string;
  beforeAll(async () => {
    nodes = await RayNodes.start();
    ({ address } = nodes);
  });
  afterAll(() => nodes.end());

  const training = ['--recipe', 'best', '--steps', '6', '--save-every', '2'];
  const small = ['--set', 'trainer.batchSize=8'];

  it('a training of two workers has the losses of one process, and its own code', async () => {
    const folder = path.join(temporary, 'two');
    const words = [...training, ...small, '--output', folder];
    const { status, said } = await run([script('train.py'), '--address', address, '--', ...words]);
    expect(status, said).toBe(0);
    const alone = path.join(temporary, 'one');
    const one = spawnSync(
      process.execPath,
      [path.join(root, 'scripts', 'train.mjs'), ...training, ...small, '--output', alone],
      { encoding: 'utf8' },
    );
    expect(one.status, one.stderr).toBe(0);
    const [together, expected] = [historyOf(folder), historyOf(alone)];
    expect(together.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    together.forEach(({ loss }, i) => {
      expect(Math.abs(loss / expected[i]!.loss - 1)).toBeLessThan(1e-5);
    });

    const wrong = [...training, '--stepz', '3', '--output', folder];
    const refused = await run([script('train.py'), '--address', address, '--', ...wrong]);
    expect(refused.status, refused.said).toBe(2); // not tried again
  });

  it('a search in which a node is killed has all its trials, each rung once', async () => {
    const folder = path.join(temporary, 'sweep');
    const trials = times(4, 12);
    const argv = [
      '--output',
      folder,
      '--rungs',
      '2,4',
      '--trials',
      String(trials),
      '--images',
      '0',
      '--metric',
    ];
    const domain = ['--space', 'trainer.learningRate=loguniform(1e-4,1e-2)'];
    let isKilled = false;
    const { status, said } = await run(
      [
        script('sweep.py'),
        '--address',
        address,
        ...argv,
        'loss',
        ...domain,
        '--space',
        'trainer.batchSize=choice([4, 8])',
      ],
      (text) => {
        if (isKilled || !/step [1-4] of 4/.test(text)) return;
        isKilled = true;
        void nodes.tell('kill').then(() => nodes.tell('add'));
      },
    );
    expect(status, said).toBe(0);
    expect(isKilled).toBe(true);
    const [header, ...rows] = readFileSync(path.join(folder, 'trials.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(header).toBe('trial_id,trainer.learningRate,trainer.batchSize,step,loss');
    expect(rows.length).toBe(trials);
    expect(new Set(rows.map((row) => row.split(',')[0])).size).toBe(trials);
    for (const row of rows) {
      const [id, , , step, loss] = row.split(',');
      // What a trial reports is its run's own history, to the step that it was stopped at.
      const steps = historyOf(path.join(folder, 'runs', id!)).slice(0, Number(step));
      const mean = steps.reduce((sum, { loss: own }) => sum + own, 0) / steps.length;
      expect(Math.abs(Number(loss) / mean - 1)).toBeLessThan(1e-9);
      expect(['2', '4']).toContain(step);
    }
    expect(rows.filter((row) => row.split(',')[3] === '4').length).toBeGreaterThan(0);
    expect(readFileSync(path.join(folder, 'parallel.html'), 'utf8')).toMatch(/parcoords/);
    const whole = rows.filter((row) => row.split(',')[3] === '4').length;
    figure(
      'a search of Ray Tune on two nodes, one of which is killed in between',
      `${trials} trials, all in the table once: ${whole} to the last rung, ${trials - whole} stopped by ASHA; each one's loss is ` +
        `that of its run's own history`,
    );
  });
});
