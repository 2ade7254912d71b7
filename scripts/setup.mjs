// npm run setup: makes everything ready without starting anything.
import { readCommandLine } from './commands/index.mjs';
import { clusterPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values } = readCommandLine('setup');
await setUpOrExit({ extra: values.with === 'cluster' ? [clusterPackages] : [] });
process.stderr.write('Everything is set up. `npm start` opens JupyterLab.\n');
