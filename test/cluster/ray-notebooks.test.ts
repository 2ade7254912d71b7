/** A notebook with many parameters on Ray: all are tried, one that fails is named, what has succeeded is not run again. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../support/temporary';
import { hasRay, RayNodes, run, script } from './ray-nodes';
import { code } from './notebook-cells';

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 1_200_000 });
const temporary = temporaryFolder('ray-notebooks');

/** Squares `x`; fails for 3 while the file `broken` is there. */
const CELLS = [
  code('let x = 0;\nlet rate = 0.5;', ['parameters']),
  code(
    "import fs from 'node:fs';\n" +
      "if (x === 3 && fs.existsSync('broken')) throw new RangeError('3 is not liked');\n" +
      'console.log(JSON.stringify([x ** 2, rate]))',
  ),
];

function printed(file: string): unknown {
  const { cells } = JSON.parse(readFileSync(file, 'utf8')) as {
    cells: { outputs?: { text?: string | string[] }[] }[];
  };
  const [output] = cells.at(-1)!.outputs!;
  return JSON.parse([output!.text].flat().join(''));
}

describe.skipIf(!hasRay)('a notebook on two nodes', () => {
  let nodes: RayNodes;
  beforeAll(async () => {
    nodes = await RayNodes.start();
  });
  afterAll(() => nodes.end());

  it('is run with all parameters though a node is killed; later only what has failed', async () => {
    const notebook = path.join(temporary, 'square.ipynb');
    const metadata = {
      kernelspec: { display_name: 'TypeScript', language: 'typescript', name: 'tslab' },
      language_info: { name: 'typescript' },
    };
    writeFileSync(
      notebook,
      JSON.stringify({ cells: CELLS, metadata, nbformat: 4, nbformat_minor: 5 }),
    );
    writeFileSync(path.join(temporary, 'broken'), '');
    const out = path.join(temporary, 'out');
    const space = ['--space', 'x=choice([1, 2, 3])', '--space', 'rate=loguniform(1e-6,1e-5)'];
    const argv = [script('notebooks.py'), notebook, '--output', out, ...space];
    const command = [...argv, '--samples', '2', '--address', nodes.address];

    let isKilled = false;
    const first = await run(command, (text) => {
      if (isKilled || !text.includes(': done')) return;
      isKilled = true;
      void nodes.tell('kill').then(() => nodes.tell('add'));
    });
    expect(first.status, first.said).toBe(1);
    expect(isKilled).toBe(true);
    expect(first.said).toMatch(/square-[0-9a-f]{10}: In \[3\]: RangeError: 3 is not liked/);
    expect(first.said).toMatch(/4 of 6 jobs have succeeded/);
    const files = readdirSync(out).filter((name) => /^square-[0-9a-f]{10}\.ipynb$/.test(name));
    const times = () => files.map((name) => statSync(path.join(out, name)).mtimeMs);
    const before = times();
    const results = files.map((name) => printed(path.join(out, name)) as [number, number]);
    expect(results.map(([square]) => square).sort()).toEqual([1, 1, 4, 4]);
    const rates = new Set(results.map(([, rate]) => rate));
    expect(rates.size).toBe(2);
    for (const rate of rates) expect(rate > 1e-6 && rate < 1e-5).toBe(true);

    rmSync(path.join(temporary, 'broken'));
    const second = await run(command);
    expect(second.status, second.said).toBe(0);
    expect(second.said).toMatch(/6 jobs, of which 4 have succeeded before/);
    expect(times()).toEqual(before);
    const [header, ...rows] = readFileSync(path.join(out, 'notebooks.csv'), 'utf8')
      .trim()
      .split(/\r?\n/);
    expect(header).toBe('job,notebook,x,rate,seconds,output,error');
    expect(new Set(rows.map((row) => row.split(',')[0])).size).toBe(6);
    expect(rows.filter((row) => row.endsWith('.ipynb,')).length).toBe(6);
    expect(readdirSync(out).filter((name) => name.includes('failed'))).toEqual([]);
  });
});
