/** How a row of the bench on a GPU is measured, with processes that are only played: turns, failures, what is kept. */
import { describe, expect, it } from 'vitest';
import { loadScript } from '../support/script';

type Name = 'ours' | 'eager' | 'compile';
interface Measured {
  readonly failed?: string;
  readonly median: number;
  readonly extra: number;
  readonly agrees: boolean;
  readonly seconds: number[];
  readonly deviceGb: number | null;
}
type Result = Record<Name, Measured | null>;
interface Options {
  readonly start: (name: Name) => object;
  readonly effort: { checked: number; rounds: number; perRound: number };
  readonly lowerSides: number;
  readonly hopeless: Record<string, string>;
  readonly deviceGbOf: (pid: number) => number | null;
  readonly onPart: (name: string) => void;
}
const { measureRow, emptyRow } = loadScript<{
  measureRow: (row: object, result: Result, options: Options) => Promise<void>;
  emptyRow: (row: object) => Result;
}>('bench/gpu/row.mjs');
const { gpuRows } = loadScript<{ gpuRows: (names: string[], tf32: string) => object[] }>(
  'bench/gpu/cases.mjs',
);

/** Seconds of a step, the first one 10 s longer; the losses of all sides are the same. */
const SECONDS = { ours: 1, eager: 3, compile: 2 };

interface Play {
  /** The question at which a side fails: 0 when it is to be ready, then its orders. */
  readonly fails?: Partial<Record<Name, number>>;
  readonly losses?: Partial<Record<Name, number>>;
  readonly hopeless?: Record<string, string>;
}

/** Plays a row. @returns the result, what was done, and how the result stood at each report */
async function played({ fails = {}, losses = {}, hopeless = {} }: Play) {
  const done: string[] = [];
  const reports: string[] = [];
  const start = (name: Name) => {
    let asked = 0;
    let steps = 0;
    const ask = <T>(answer: () => T): Promise<T> => {
      if (asked++ === fails[name]) return Promise.reject(new Error(`${name} is gone`));
      return Promise.resolve(answer());
    };
    return {
      pid: 42,
      ready: () => ask(() => ({ version: name })),
      steps: (count: number) =>
        ask(() => {
          done.push(`${name} ${count}`);
          const seconds = Array.from({ length: count }, () => SECONDS[name] + (steps++ ? 0 : 10));
          const results = seconds.map(() => losses[name] ?? 0.5);
          return { seconds, results, precision: 'float32', peak: 1 };
        }),
      close: () => Promise.resolve(void done.push(`${name} ends`)),
    };
  };
  const [row] = gpuRows(['unet-512'], 'same');
  const result = emptyRow(row!);
  const stand = (part: Measured | null) => (part === null ? '-' : (part.failed ?? part.median));
  await measureRow(row!, result, {
    start,
    effort: { checked: 2, rounds: 2, perRound: 3 },
    lowerSides: 2,
    hopeless,
    deviceGbOf: (pid) => pid / 10,
    onPart: () => reports.push([result.ours, result.eager, result.compile].map(stand).join(' ')),
  });
  return { result, done, reports };
}

describe('a row on a GPU', () => {
  it('is measured in turns, and the first steps are not counted', async () => {
    const { result, done, reports } = await played({});
    expect(done.slice(0, 7)).toEqual(
      ['ours 2', 'eager 2', 'eager 3', 'ours 3', 'eager 3', 'ours 3', 'eager ends'], // before the next is compiled
    );
    expect(done.slice(7, 13)).toEqual([
      'compile 2',
      'compile 3',
      'ours 3',
      'compile 3',
      'ours 3',
      'compile ends',
    ]);
    expect(result.eager).toMatchObject({ median: 3, extra: 10, agrees: true, deviceGb: null });
    expect(result.compile).toMatchObject({ median: 2, extra: 10, version: 'compile' });
    expect(result.ours).toMatchObject({ median: 1, extra: 10, deviceGb: 4.2 });
    expect(result.ours!.seconds).toHaveLength(12);
    expect(reports).toEqual(['1 3 -', '1 3 2']);
  });

  it.each<[what: string, play: Play, reports: string[]]>([
    ['torch.compile fails', { fails: { compile: 1 } }, ['1 3 -', '1 3 compile is gone']],
    ['torch.compile fails later', { fails: { compile: 3 } }, ['1 3 -', '1 3 compile is gone']],
    ['eager does not start', { fails: { eager: 0 } }, ['- eager is gone -', '1 eager is gone 2']],
    [
      'ours does not start',
      { fails: { ours: 0 } },
      ['ours is gone ours ended: ours is gone ours ended: ours is gone'],
    ],
    [
      'ours ends beside eager',
      { fails: { ours: 3 } },
      ['ours is gone ours ended: ours is gone ours ended: ours is gone'],
    ],
    ['ours ends later', { fails: { ours: 4 } }, ['1 3 -', '1 3 ours ended: ours is gone']],
    ['there is no triton', { hopeless: { compile: 'no triton' } }, ['1 3 no triton']],
  ])('keeps what there is where %s', async (_, play, wanted) => {
    const { reports, done } = await played(play);
    expect(reports).toEqual(wanted);
    const names = ['ours', 'eager', ...(play.hopeless ? [] : ['compile'])];
    expect(done).toEqual(expect.arrayContaining(names.map((name) => `${name} ends`)));
  });

  it('says whether a side computes something else, and measures it', async () => {
    const { result } = await played({ losses: { compile: 0.502 } });
    expect(result.eager).toMatchObject({ difference: 0, agrees: true });
    expect(result.compile).toMatchObject({ median: 2, tolerance: 2e-3, agrees: false });
  });
});
