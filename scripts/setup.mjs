// npm run setup: makes everything ready without starting anything.
import { setUpOrExit } from './setup/run.mjs';

await setUpOrExit();
process.stderr.write('Everything is set up. `npm start` opens JupyterLab.\n');
