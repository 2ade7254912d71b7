// The parts of `npm run soak`: a file of tests each, or those of its tests whose name begins so.
/** @typedef {{ name: string, file: string, test?: string }} SoakPart */

const FAULTS = 'test/cluster/fault-cycles.test.ts';

/** @type {SoakPart[]} In the order of docs/reliability.md. */
export const SOAK_PARTS = [
  { name: 'kill', file: 'test/io/runs/checkpoint-processes.test.ts' },
  { name: 'damage', file: 'test/io/runs/checkpoint-folder.test.ts' },
  { name: 'disk', file: 'test/io/runs/full-disk.test.ts' },
  { name: 'killed', file: 'test/training/killed-training.test.ts' },
  { name: 'resume', file: 'test/training/exact-resume.test.ts' },
  { name: 'stop', file: 'test/training/stop.test.ts' },
  { name: 'kernel', file: 'test/kernel/long-run.test.ts' },
  { name: 'safetensors', file: 'test/io/safetensors/reader.test.ts' },
  { name: 'fuzz', file: 'test/parity/safetensors.test.ts' },
  { name: 'bombs', file: 'test/mnist/idx-bombs.test.ts' },
  { name: 'configs', file: 'test/parity/random-folders.test.ts' },
  { name: 'continue', file: 'test/parity/continue.test.ts' },
  { name: 'worker-killed', file: FAULTS, test: 'killed' },
  { name: 'worker-stopped', file: FAULTS, test: 'stopped' },
  { name: 'worker-missing', file: FAULTS, test: 'missing' },
  { name: 'chief-saving', file: FAULTS, test: 'chief saving' },
  { name: 'network-cut', file: FAULTS, test: 'cut' },
];
