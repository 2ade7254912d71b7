// The parts of `npm run soak`: a file of tests each.
import { parseArgs } from 'node:util';

/** @typedef {{ name: string, file: string }} SoakPart */

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
];

/**
 * What a command line asks for.
 *
 * @param {string[]} argv
 * @returns {{ help: true } | { problem: string } | { anew: boolean, chosen: SoakPart[] | null }} `chosen` is null where
 *   no part is named
 */
export function soakArguments(argv) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        only: { type: 'string', multiple: true },
        anew: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    const [what] = error.message.split('. ');
    return { problem: `${what.replace(/\.$/, '')}: expected ${KINDS}. Parts: ${knownNames()}.` };
  }
  if (values.help) return { help: true };
  const { anew, only } = values;
  if (only === undefined) return { anew, chosen: null };
  const named = partsNamed(only);
  return 'problem' in named ? named : { anew, ...named };
}

const KINDS = 'npm run soak -- --only kill,fuzz, or --anew, or --help';
const knownNames = () => SOAK_PARTS.map(({ name }) => name).join(', ');

/**
 * The parts that `--only` names, once each and in their own order: `kill,fuzz`, or the option again and again.
 *
 * @param {string[]} values
 * @returns {{ chosen: SoakPart[] } | { problem: string }}
 */
export function partsNamed(values) {
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  const known = SOAK_PARTS.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) {
    return { chosen: SOAK_PARTS.filter(({ name }) => names.includes(name)) };
  }
  const shown = [...new Set(unknown)]
    .map((name) => (name === '' ? 'an empty name' : name))
    .join(', ');
  return { problem: `--only: expected parts among ${knownNames()}; got ${shown}.` };
}
