import { choice, list } from '../command-line/kinds.mjs';
import { SOAK_PARTS } from '../soak/parts.mjs';

const names = SOAK_PARTS.map(({ name }) => name);

/** @type {import('../command-line/parse.mjs').Command} */
export const soak = {
  name: 'soak',
  run: 'npm run soak',
  summary:
    'The reliability tests in their long form, part by part, each minutes to hours; their figures go to ' +
    'docs/reliability.md. A part that has passed is not run again.',
  options: {
    only: {
      kind: list(choice(names), `parts among ${names.join(', ')}`),
      multiple: true,
      byDefault: 'those that have not passed',
      help: 'only these parts, also if they have passed',
    },
    anew: { help: 'forget what has passed' },
  },
  example: 'nice -n 19 npm run soak -- --only kill,fuzz',
};
