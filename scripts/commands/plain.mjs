// Commands with hardly an option.
import { choice } from '../command-line/kinds.mjs';

/** @type {import('../command-line/parse.mjs').Command} */
export const setup = {
  name: 'setup',
  run: 'npm run setup',
  summary:
    'Makes everything ready without starting anything. What is done already is not done again.',
  options: {
    with: {
      kind: choice(['cluster']),
      byDefault: 'nothing',
      help: 'also what other engines need: Ray and Papermill (docs/cluster.md)',
    },
  },
  example: 'npm run setup',
  notes:
    'SDM_DEVICE=cpu or gpu chooses the device, SDM_PYTHON names a Python of 3.10 to 3.14. Logs are in .setup/logs.',
};

/** @type {import('../command-line/parse.mjs').Command} */
export const doctor = {
  name: 'doctor',
  run: 'npm run doctor',
  summary:
    'Looks at everything that the notebooks need and changes nothing. Every line is OK, or says what to do; exit code 1 ' +
    'if one is not OK.',
  options: {
    report: {
      help: 'write doctor-report.txt, too: the same without names, paths and tokens, to be sent',
    },
  },
  example: 'npm run doctor',
};
