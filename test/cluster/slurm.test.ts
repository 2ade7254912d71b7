/** TF_CONFIG from what Slurm tells its tasks; the forms are those of sbatch(1) and `scontrol show hostnames`. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

const { expandNodes, expandTasks, tfConfigOfSlurm } = loadScript<{
  expandNodes: (list: string) => string[];
  expandTasks: (text: string) => number[];
  tfConfigOfSlurm: (env: Record<string, string | undefined>, port?: number) => string;
}>('cluster/slurm.mjs');
const { readTfConfig } = loadScript<{
  readTfConfig: (text: string) => { addresses: string[]; index: number };
}>('cluster/tf-config.mjs');

describe('lists of nodes', () => {
  it.each([
    ['node1', ['node1']],
    ['gpu[01-03]', ['gpu01', 'gpu02', 'gpu03']],
    ['a[1,3-4],login', ['a1', 'a3', 'a4', 'login']],
    ['n[9-11]', ['n9', 'n10', 'n11']],
    ['r1-c[1-2].cluster,x', ['r1-c1.cluster', 'r1-c2.cluster', 'x']],
  ])('%s', (list, names) => expect(expandNodes(list)).toEqual(names));

  it('with a range that falls is refused', () => {
    expect(() => expandNodes('n[4-2]')).toThrow(/expected ranges such as 01-03, got '4-2'/);
  });
});

it('counts of tasks', () => {
  expect(expandTasks('2(x3),1')).toEqual([2, 2, 2, 1]);
  expect(() => expandTasks('two')).toThrow(/expected counts such as 2\(x3\),1, got 'two'/);
});

const env = {
  SLURM_JOB_ID: '7',
  SLURM_STEP_NODELIST: 'gpu[01-02],big',
  SLURM_STEP_TASKS_PER_NODE: '1(x2),2',
  SLURM_PROCID: '3',
};

describe('TF_CONFIG of a task', () => {
  it('has a worker for each task, in the order of their numbers', () => {
    expect(readTfConfig(tfConfigOfSlurm(env, 2222))).toEqual({
      addresses: ['gpu01:2222', 'gpu02:2222', 'big:2222', 'big:2223'],
      index: 3,
    });
  });

  it('of two jobs on a node has other ports', () => {
    const ports = ['7', '8'].map((SLURM_JOB_ID) => tfConfigOfSlurm({ ...env, SLURM_JOB_ID }));
    expect(ports[0]).toContain('gpu01:20448');
    expect(ports[1]).toContain('gpu01:20512');
  });

  it('says which variable is missing, or does not fit', () => {
    const without = (name: string) => ({ ...env, [name]: undefined });
    expect(() => tfConfigOfSlurm(without('SLURM_PROCID'))).toThrow(/Expected SLURM_PROCID in the/);
    expect(() => tfConfigOfSlurm(without('SLURM_STEP_NODELIST'))).toThrow(/or SLURM_JOB_NODELIST/);
    expect(() => tfConfigOfSlurm({ ...env, SLURM_PROCID: '4' })).toThrow(/from 0 to 3, got 4/);
    expect(() => tfConfigOfSlurm({ ...env, SLURM_STEP_TASKS_PER_NODE: '1' })).toThrow(/as nodes/);
  });

  it('is set for the command, whose exit code is told', () => {
    const script = path.join(root, 'scripts', 'cluster', 'slurm.mjs');
    const code = 'console.log(process.env.TF_CONFIG); process.exit(75)';
    const run = spawnSync(process.execPath, [script, '--', process.execPath, '-e', code], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    expect(run.status).toBe(75);
    expect(readTfConfig(run.stdout).index).toBe(3);
    const alone = spawnSync(process.execPath, [script, '--', 'true'], { encoding: 'utf8' });
    expect([alone.status, alone.stderr]).toEqual([2, expect.stringContaining('start it by srun')]);
  });
});
