// What is run on a GPU that is there for a short time.

/** A first epoch of the blog: 60,000 images in batches of 512. */
const EPOCH = 117;

/** Steps that are looked at together: an epoch's end is among them. */
const TOGETHER = 9;

/** The most important first; `seconds` at most, of a quarter of an hour. */
const PARTS = [
  { name: 'check', script: 'gpu-check', args: [], seconds: 240 },
  {
    name: 'bench',
    script: 'bench',
    args: ['--device', 'gpu', '--only', 'unet-512,sample-16'],
    seconds: 420,
  },
  {
    name: 'blog',
    script: 'train',
    args: [
      '--recipe',
      'blog',
      '--set',
      'trainer.batchSize=512',
      '--logging-steps',
      `${TOGETHER}`,
      '--steps',
      `${6 * EPOCH}`,
      '--keep',
      `${EPOCH}`,
      '--output',
      'runs/gpu/blog',
    ],
    seconds: 180,
  },
  {
    name: 'xla',
    script: 'bench',
    args: ['--device', 'gpu', '--xla', '--only', 'unet-512'],
    seconds: 240,
  },
  {
    name: 'best',
    script: 'train',
    args: ['--recipe', 'best', '--logging-steps', `${TOGETHER}`, '--output', 'runs/gpu/best'],
    seconds: 3600,
  },
];

/**
 * @param {{ minutes: number, 'as-is'?: boolean }} options
 * @returns the parts as they are run: a quarter of an hour's times, or longer ones of more minutes
 */
export function partsWithin({ minutes, 'as-is': isAsIs }) {
  const factor = Math.max(1, minutes / 15);
  return PARTS.map(({ name, script, args, seconds }) => {
    const given = script === 'gpu-check' && isAsIs ? [...args, '--as-is'] : args;
    return {
      name,
      args: [`scripts/${script}.mjs`, ...given],
      shown: [script, ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
      seconds: seconds * factor,
    };
  });
}

/**
 * A line for each part.
 *
 * @param {{ name: string, shown: string }[]} parts
 * @param {{ name: string, ended: string, seconds: number }[]} done
 */
export function summaryOf(parts, done) {
  const lines = parts.map(({ name, shown }) => {
    const found = done.find((one) => one.name === name);
    if (!found) return `--    ${name}: no time was left; npm run ${shown}`;
    const { ended, seconds } = found;
    const head = ended === 'exit code 0' ? 'OK  ' : ended === 'SIGTERM' ? 'CUT ' : 'FAIL';
    return `${head}  ${name}: ${ended} after ${seconds.toFixed(0)} s; runs/gpu/${name}.log`;
  });
  return lines.join('\n');
}
