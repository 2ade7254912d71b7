/** TF_CONFIG: what is read, and twenty bad ones, each refused by name before anything starts. */
import { describe, expect, it } from 'vitest';
import { loadScript } from '../support/script';

const { readTfConfig } = loadScript<{
  readTfConfig: (text: string) => { addresses: string[]; index: number };
}>('cluster/tf-config.mjs');
const { clusterPlan, shareOfCores } = loadScript<{
  clusterPlan: (
    values: { workers?: number; bind?: string },
    env: NodeJS.ProcessEnv,
    platform?: string,
  ) => Promise<{ addresses: string[]; own: { index: number; bind: string }[] } | null>;
  shareOfCores: (cores: number[], workers: number) => number[][];
}>('cluster/plan.mjs');

const worker = ['10.0.0.1:2222', '10.0.0.2:2222'];
const task = { type: 'worker', index: 1 };

describe('TF_CONFIG', () => {
  it('gives all workers and the place of this one', () => {
    expect(readTfConfig(JSON.stringify({ cluster: { worker }, task }))).toEqual({
      addresses: worker,
      index: 1,
    });
  });

  it("of Kubeflow's TFJob: the chief is the first worker", () => {
    const cluster = { chief: ['job-chief-0.ns.svc:2222'], worker: ['job-worker-0.ns.svc:2222'] };
    const text = JSON.stringify({
      cluster,
      task: { type: 'worker', index: 0 },
      environment: 'cloud',
    });
    expect(readTfConfig(text)).toEqual({
      addresses: ['job-chief-0.ns.svc:2222', 'job-worker-0.ns.svc:2222'],
      index: 1,
    });
  });

  const bad: [what: string, config: unknown, says: RegExp][] = [
    ['no JSON', "{'cluster': 1}", /expected JSON, got "\{'cluster': 1\}"/],
    ['a list', [1], /expected an object with cluster and task, got \[1\]/],
    ['nothing in it', {}, /cluster: expected an object .* got nothing/],
    ['an unknown key', { cluster: { worker }, task, tasks: 1 }, /^TF_CONFIG: tasks: expected only/],
    ['a list as cluster', { cluster: worker, task }, /cluster: expected an object/],
    ['no worker', { cluster: {}, task }, /cluster: expected the addresses of the workers/],
    ['a text as workers', { cluster: { worker: 'a:1' }, task }, /cluster\.worker: expected a list/],
    [
      'no workers',
      { cluster: { worker: [] }, task },
      /cluster\.worker: expected a list .* got \[\]/,
    ],
    ['a number as address', { cluster: { worker: [1] }, task }, /worker\[0\]: expected host:port/],
    ['no port', { cluster: { worker: ['a', 'b:1'] }, task }, /worker\[0\]: .* got "a"/],
    ['port 0', { cluster: { worker: ['a:0', 'b:1'] }, task }, /a port from 1 to 65535, got 0/],
    ['port 70000', { cluster: { worker: ['a:70000'] }, task }, /1 to 65535, got 70000/],
    ['a scheme', { cluster: { worker: ['http://a:1'] }, task }, /got "http:\/\/a:1"/],
    [
      'an address twice',
      { cluster: { worker: ['a:1', 'a:1'] }, task },
      /each address once, got "a:1"/,
    ],
    [
      'parameter servers',
      { cluster: { worker, ps: ['a:1'] }, task },
      /cluster\.ps: .*without param/,
    ],
    ['two chiefs', { cluster: { chief: worker, worker: ['c:1'] }, task }, /one address, got 2/],
    ['no task', { cluster: { worker } }, /task: expected an object/],
    [
      'an evaluator',
      { cluster: { worker }, task: { type: 'evaluator', index: 0 } },
      /task\.type: /,
    ],
    ['a chief of no cluster', { cluster: { worker }, task: { type: 'chief', index: 0 } }, /lacks/],
    ['no index', { cluster: { worker }, task: { type: 'worker' } }, /task\.index: .* got nothing/],
    ['an index too large', { cluster: { worker }, task: { ...task, index: 2 } }, /from 0 to 1 /],
    ['half an index', { cluster: { worker }, task: { ...task, index: 0.5 } }, /got 0\.5/],
    ['a negative index', { cluster: { worker }, task: { ...task, index: -1 } }, /got -1/],
  ];
  it.each(bad)('with %s is refused', async (_, config, says) => {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    expect(() => readTfConfig(text)).toThrow(says);
    await expect(clusterPlan({}, { TF_CONFIG: text })).rejects.toThrow(/^TF_CONFIG: /);
  });

  it('names all that is wrong at once', () => {
    const text = JSON.stringify({ cluster: { ps: ['a:1'] }, task: { type: 'boss' } });
    expect(() => readTfConfig(text)).toThrow(/cluster\.ps.*\n.*workers.*\n.*task\.type/);
  });
});

describe('the plan', () => {
  const config = (addresses: string[], index = 0) =>
    JSON.stringify({ cluster: { worker: addresses }, task: { type: 'worker', index } });

  it('without TF_CONFIG and --workers is one process', async () => {
    expect(await clusterPlan({}, {})).toBeNull();
    expect(await clusterPlan({ workers: 1 }, {})).toBeNull();
    expect(await clusterPlan({}, { TF_CONFIG: config(['localhost:2222']) })).toBeNull();
  });

  it("listens at the worker's own address only", async () => {
    const env = { TF_CONFIG: config(['localhost:2222', '10.9.8.7:2222']) };
    expect((await clusterPlan({}, env))?.own).toEqual([
      { index: 0, bind: '127.0.0.1', cores: null },
    ]);
  });

  it('refuses the address of another machine, unless told where to listen', async () => {
    const env = { TF_CONFIG: config(['10.255.254.253:2222', 'localhost:2222']) };
    await expect(clusterPlan({}, env)).rejects.toThrow(/expected an address of this machine/);
    const plan = await clusterPlan({ bind: '0.0.0.0' }, env);
    expect(plan?.own).toEqual([{ index: 0, bind: '0.0.0.0', cores: null }]);
  });

  it('refuses --workers beside TF_CONFIG, and --bind without it', async () => {
    const env = { TF_CONFIG: config(['localhost:1', 'localhost:2']) };
    await expect(clusterPlan({ workers: 2 }, env)).rejects.toThrow(/^--workers: expected no TF_CO/);
    await expect(clusterPlan({ bind: '0.0.0.0' }, {})).rejects.toThrow(/^--bind: expected TF_CONF/);
  });

  it('is refused where TensorFlow cannot be given its address, one process is not', async () => {
    const env = { TF_CONFIG: config(['localhost:1', 'localhost:2']) };
    const elsewhere = /: expected Linux for a training of several workers, this is darwin\.$/;
    await expect(clusterPlan({}, env, 'darwin')).rejects.toThrow(elsewhere);
    await expect(clusterPlan({ workers: 2 }, {}, 'darwin')).rejects.toThrow(/^--workers: expected/);
    expect(await clusterPlan({ workers: 1 }, {}, 'darwin')).toBeNull();
  });

  it('divides the cores', async () => {
    expect(shareOfCores([0, 1, 2, 3], 2)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(shareOfCores([4, 5], 3)).toEqual([[4], [4], [5]]);
    const plan = await clusterPlan({ workers: 3 }, {});
    expect(plan?.own.map(({ index, bind }) => [index, bind])).toEqual(
      [0, 1, 2].map((index) => [index, '127.0.0.1']),
    );
    expect(new Set(plan?.addresses).size).toBe(3);
  });
});
