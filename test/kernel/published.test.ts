/** What the kernel keeps of its cells for a page that was not open meanwhile. */
import { beforeAll, expect, it } from 'vitest';
import { askKernel, type Meanwhile, type Outcome, type Request } from '../support/kernel';

interface Run {
  readonly cell: string;
  readonly code: string;
  readonly ended: boolean;
  readonly count: number;
  readonly last: number;
  readonly outputs: readonly Record<string, unknown>[];
}

const published = (seen: string[] = []): Request => ({
  type: 'published_request',
  content: { seen },
});
const cellOf = (cellId: string, code: string): Request => ({ code, metadata: { cellId } });
const runsOf = (outcome: Outcome | undefined) => outcome!.reply!['cells'] as Run[];
const display = (text: string, more = '') =>
  `(globalThis as any)[Symbol.for('kernel.display')]()({ data: { 'text/plain': '${text}' }, displayId: 'd'${more} });`;

const prints = `console.log('one');
await new Promise((resolve) => setTimeout(resolve, 1500));
console.log('two'); console.error('three');
${display('first')} ${display('second', ', update: true')}
'value'`;
const clears = `console.log('old'); (globalThis as any)[Symbol.for('kernel.clearOutput')](true); console.log('new');`;
const much = `for (let i = 0; i < 100; i++) console.log('x'.repeat(99_999)); console.log('the end');`;

let nothing: Outcome[];
let running: Meanwhile;
let steps: Outcome[][];

beforeAll(async () => {
  const all = await askKernel<unknown>([
    [published()],
    { meanwhile: cellOf('a', prints), ask: [published()] },
    [published()],
    [published(['$ran'])],
    [cellOf('b', clears)],
    [cellOf('c', `throw new RangeError('no')`)],
    [{ code: `console.log('of no cell')` }],
    [published()],
    [cellOf('b', '1')],
    [published()],
    [cellOf('d', much)],
    [published()],
  ]);
  [nothing, running, ...steps] = all as [Outcome[], Meanwhile, ...Outcome[][]];
}, 120_000);

it('is nothing at first', () => {
  expect(nothing[0]!.reply).toMatchObject({ msg_type: 'published_reply', status: 'ok', cells: [] });
});

it('tells of a cell that runs what it has shown by then', () => {
  expect(running.wasRunning).toBe(true);
  expect(runsOf(running.asked[0])).toMatchObject([
    {
      ...{ cell: 'a', code: prints, ended: false, count: expect.any(Number) as number },
      outputs: [{ output_type: 'stream', name: 'stdout', text: 'one\n' }],
    },
  ]);
});

it('and of one that has ended all, as a notebook stores it', () => {
  const [run] = runsOf(steps[0]![0]);
  expect(run).toMatchObject({ cell: 'a', ended: true });
  expect(run!.outputs).toEqual([
    { output_type: 'stream', name: 'stdout', text: 'one\ntwo\n' },
    { output_type: 'stream', name: 'stderr', text: 'three\n' },
    {
      output_type: 'display_data',
      data: { 'text/plain': 'second' },
      metadata: { display_id: 'd' },
    },
    {
      output_type: 'execute_result',
      data: { 'text/plain': "'value'" },
      metadata: {},
      execution_count: run!.count,
    },
  ]);
  expect(run!.last).toBe(7); // with the input and the update
});

it('until a page has shown it', () => {
  expect(runsOf(steps[1]![0])).toEqual([]);
});

it('errors and cleared outputs, too; and nothing of what is no cell of a notebook', () => {
  expect(runsOf(steps[5]![0])).toMatchObject([
    { cell: 'b', outputs: [{ text: 'new\n' }] },
    { cell: 'c', outputs: [{ output_type: 'error', ename: 'RangeError', evalue: 'no' }] },
  ]);
});

it('of each cell the last run', () => {
  const runs = runsOf(steps[7]![0]);
  expect(runs.map(({ cell }) => cell)).toEqual(['c', 'b']);
  expect(runs[1]!.outputs).toMatchObject([{ data: { 'text/plain': '1' } }]);
});

it('of ten million characters the last', () => {
  const { outputs } = runsOf(steps[9]![0]).at(-1)!;
  expect(outputs.map(({ text }) => text)).toEqual([
    expect.stringContaining('is not kept'),
    expect.stringMatching(/xxx\nthe end\n$/),
  ]);
  expect((outputs[1]!['text'] as string).length).toBeLessThan(4_200_000);
});
