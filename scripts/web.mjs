// npm run web: a page that draws with a model in the reader's browser. `npm run web -- --help` tells the options.
import { library, typed } from './command-line/command.mjs';
import { readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { serveFolder } from './web/serve.mjs';

const { values } = readCommandLine('web');
await setUpOrExit();
const started = performance.now();
library(); // opens TensorFlow
const { loadRunModel } = library('mnist/evaluation/index.js');
const { checkPageParts, withPageModel } = library('page/page-model.js');
const { writeFolder, writeSingle } = library('page/page-files.js');

const say = (text) => process.stderr.write(`${text}\n`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const { single, weights } = values;
const output = values.output ?? (single === undefined ? inRoot('runs', 'web') : undefined);

say(`Reads ${values.checkpoint} …`);
const { parts } = loadRunModel(values.checkpoint, { anyChannels: true });
checkPageParts('npm run web', parts);
withPageModel(parts, weights, (model, sizes) => {
  const shown = Object.entries(sizes).map(([part, bytes]) => `${part} ${megabytes(bytes)}`);
  console.log(`Weights as ${weights}: ${shown.join(', ')}.`);
  if (output !== undefined) {
    const bytes = writeFolder(output, model);
    console.log(`${typed(output)}: ${megabytes(bytes)}, for any static host.`);
  }
  if (single !== undefined) {
    const bytes = writeSingle(single, model);
    console.log(`${typed(single)}: ${megabytes(bytes)}, one file that opens from the disk.`);
  }
});
say(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);

if (values.serve) {
  const server = await serveFolder(output, { port: values.port });
  console.log(`Served at ${server.resolvedUrls.local[0]} until Ctrl-C.`);
} else process.exit();
