// npm run setup: makes everything ready without starting anything.
import { readCommandLine } from './commands/index.mjs';
import { setUpOrExit } from './setup/run.mjs';

readCommandLine('setup');
await setUpOrExit();
process.stderr.write('Everything is set up. `npm start` opens JupyterLab.\n');
