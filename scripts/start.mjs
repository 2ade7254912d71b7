// npm start: set-up, then JupyterLab on notebooks/. `npm start -- --help` tells the options.
import { givenOptions } from './command-line/parse.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { portNotice } from './commands/port-notice.mjs';
import { firstPage, labArguments, runServer } from './setup/jupyterlab.mjs';
import { notebooks } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values, words, rest } = readCommandLine('start');
await setUpOrExit();
if (values.port !== undefined) {
  const notice = await portNotice(values.port);
  if (notice !== null) process.stderr.write(`${notice}\n`);
}

runServer([
  ...labArguments(notebooks),
  `--LabApp.default_url=${firstPage}`,
  ...givenOptions(commands.start, values),
  ...rest,
  ...words,
]);
