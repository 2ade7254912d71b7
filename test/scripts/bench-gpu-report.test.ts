/** What the bench on a GPU tells of measurements: the table, what stands beside it, what was missed. */
import { describe, expect, it } from 'vitest';
import { loadScript } from '../support/script';

interface Measured {
  readonly median: number;
  readonly extra: number;
  readonly difference: number;
  readonly tolerance: number;
  readonly agrees: boolean;
  readonly deviceGb: number | null;
}
type Part = Measured | { readonly failed: string } | null;
interface Result {
  readonly title: string;
  readonly kind: string;
  readonly precision: string;
  readonly wanted: { readonly eager?: number; readonly compile?: number };
  readonly ours: Part;
  readonly eager: Part;
  readonly compile: Part;
}
const { gpuTable, gpuMisses, rowNotes, memoryNote, gpuMachineText } = loadScript<{
  gpuTable: (results: readonly Result[]) => string;
  gpuMisses: (result: Result) => string[];
  rowNotes: (result: Result) => string[];
  memoryNote: (results: readonly Result[]) => string;
  gpuMachineText: (facts: object) => string;
}>('bench/gpu/report.mjs');
const took = (median: number, more: Partial<Measured> = {}): Measured => ({
  median,
  extra: 2,
  difference: 1e-5,
  tolerance: 1e-3,
  agrees: true,
  deviceGb: 4,
  ...more,
});
const failed = { failed: 'Traceback\n  File "x"\nBackendCompilerFailed: no compiler' };

/** A row of batch 512, and what is told of it: the cells from its times on, and what was missed. */
const CASES: [what: string, parts: [Part, Part, Part], cells: string, misses: RegExp[]][] = [
  ['all is well', [took(0.1), took(0.2), took(0.12)], '0.100 0.200 0.120 2.00× 1.20×', []],
  [
    'slower than both',
    [took(0.3), took(0.2), took(0.1)],
    '0.300 0.200 0.100 0.67× 0.33×',
    [
      /^step: 0\.666 of the speed of PyTorch eager, wanted 1\.5$/,
      /^step: 0\.333 of the speed of torch\.compile, wanted 1$/,
    ],
  ],
  ['just what is wanted', [took(2), took(3), took(2)], '2.00 3.00 2.00 1.50× 1.00×', []],
  [
    'cut off before torch.compile',
    [took(0.1), took(0.2), null],
    '0.100 0.200 – 2.00× –',
    [/^step: no ratio to torch\.compile: not measured$/],
  ],
  [
    'torch.compile fails',
    [took(0.1), took(0.2), failed],
    '0.100 0.200 failed 2.00× –',
    [/^step: no ratio to torch\.compile: failed$/],
  ],
  [
    'eager fails',
    [took(0.1), failed, took(0.2)],
    '0.100 failed 0.200 – 2.00×',
    [/^step: no ratio to PyTorch eager: failed$/],
  ],
  [
    'ours fails',
    [failed, failed, failed],
    'failed failed failed – –',
    [/no ratio to PyTorch eager: failed/, /no ratio to torch\.compile: failed/],
  ],
  [
    'not reached',
    [null, null, null],
    '– – – – –',
    [/no ratio to PyTorch eager: not measured/, /no ratio to torch\.compile: not measured/],
  ],
  [
    'ours takes no time',
    [took(0), took(0.2), took(0.2)],
    '0 0.200 0.200 – –',
    [/no ratio to PyTorch eager: not measured/, /no ratio to torch\.compile: not measured/],
  ],
  [
    'a peer takes no time',
    [took(0.1), took(0), took(0.2)],
    '0.100 0 0.200 – 2.00×',
    [/no ratio to PyTorch eager: not measured/],
  ],
  [
    'microseconds',
    [took(2e-6), took(5.04e-6), took(4e-6)],
    '0.00000200 0.00000504 0.00000400 2.52× 2.00×',
    [],
  ],
  [
    'minutes',
    [took(100), took(1234.5), took(99.96)],
    '100 1235 100 12.35× 1.00×',
    [/^step: 0\.999 of the speed of torch\.compile, wanted 1$/],
  ],
  ['no number', [took(NaN), took(0.2), took(0.2)], '– 0.200 0.200 – –', [/eager/, /compile/]],
  [
    'the losses differ',
    [took(0.1), took(0.2, { agrees: false, difference: 0.5 }), took(0.2)],
    '0.100 0.200 0.200 2.00× 2.00×',
    [/^step: losses differ from those of PyTorch eager by 0\.5, allowed is 0\.001: /],
  ],
];

const resultOf = ([ours, eager, compile]: [Part, Part, Part]): Result => ({
  title: 'step',
  kind: 'train',
  precision: 'float32',
  wanted: { eager: 1.5, compile: 1 },
  ours,
  eager,
  compile,
});

/** The cells of a table's line. */
const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

describe('the report of a row on a GPU', () => {
  it.each(CASES)('where %s', (_, parts, wanted, misses) => {
    const result = resultOf(parts);
    const [head, , line] = gpuTable([result]).split('\n');
    const cells = cellsOf(line!);
    expect(cells).toHaveLength(cellsOf(head!).length);
    const [title, ours, eager, compile, toEager, atLeast, toCompile, atLeastToo] = cells;
    expect([ours, eager, compile, toEager, toCompile].join(' ')).toBe(wanted);
    expect([title, atLeast, atLeastToo]).toEqual(['step', '≥ 1.5×', '≥ 1×']);
    const found = gpuMisses(result);
    expect(found).toHaveLength(misses.length);
    misses.forEach((miss, i) => expect(found[i]).toMatch(miss));
  });

  it('asks for no ratio where none is wanted, but tells a failure', () => {
    const row = { ...resultOf([took(1), took(0.5), null]), wanted: {} };
    expect(gpuMisses(row)).toEqual([]);
    expect(gpuMisses({ ...row, compile: failed })).toEqual([
      'step: no ratio to torch.compile: failed',
    ]);
    expect(cellsOf(gpuTable([row]).split('\n')[2]!)).toContain('');
  });

  it('tells what was not counted, and why a side failed', () => {
    const [note, reason] = rowNotes(resultOf([took(1), took(2), failed]));
    expect(note).toBe(
      'step: float32; losses equal to 1.0e-5 (PyTorch eager); not counted, to trace, compile and choose kernels in the ' +
        'first runs: 2.0 s (ours), 2.0 s (PyTorch eager)',
    );
    expect(reason).toMatch(/^step: torch\.compile failed: Traceback[^]*BackendCompilerFailed/);
    expect(rowNotes(resultOf([null, null, null]))).toEqual([]);
  });

  it('leaves our memory out where nvidia-smi does not tell it', () => {
    const without = resultOf([took(1, { deviceGb: null }), took(1), took(1, { deviceGb: 2.5 })]);
    expect(gpuTable([without])).not.toContain('ours GB');
    expect(cellsOf(gpuTable([without]).split('\n')[2]!).slice(-2)).toEqual(['4.00', '2.50']);
    expect(memoryNote([without])).toMatch(/Ours is left out: nvidia-smi does not tell/);
    const both = [without, resultOf([took(1), null, null])];
    expect(gpuTable(both)).toContain('ours GB');
    expect(memoryNote(both)).toMatch(/TensorFlow's process holds/);
  });

  it('names the card, the driver, the versions and TF32', () => {
    const gpu = { name: 'Card', driver: null, torch: '2', cuda: '13.0', tensorflow: '2.21' };
    const facts = { cpu: 'Processor', cores: 8, load: 0.25 };
    expect(gpuMachineText({ ...facts, gpu: { ...gpu, tf32: 'off' } })).toBe(
      'Card, driver unknown, PyTorch 2 (CUDA 13.0), TensorFlow 2.21; 8 × Processor, load 0.3\n' +
        'TF32 in float32: off on both sides',
    );
    expect(gpuMachineText({ ...facts, gpu: { ...gpu, tf32: 'same' } })).toMatch(/allowed on both/);
  });
});
