'use strict';
// The TypeScript kernel: `node launcher.cjs {connection_file}`. It starts the installed tslab and mends
// what its side of the Jupyter protocol leaves out.

const path = require('node:path');
const typescript = require('typescript');

const root = path.resolve(__dirname, '..');
const tslabPackages = path.join(root, 'node_modules');

// Both are read when TensorFlow is loaded, which a cell does much later.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

// A cell may load tfjs-node by itself.
require('../native/node-util.cjs');

// tslab's protocol gets the repository's TypeScript: its own is never loaded.
const bundled = require.resolve(path.join(tslabPackages, '@tslab', 'typescript-for-tslab'));
require.cache[bundled] = { id: bundled, filename: bundled, loaded: true, exports: typescript };

const { installAssistance } = require('./assistance.cjs');
const { installExecution } = require('./execution.cjs');
const { Executor } = require('./executor.cjs');
const { refuseExit } = require('./exit.cjs');
const { refuseInput } = require('./input.cjs');
const { installIsComplete } = require('./is-complete.cjs');
const { installLateFailures } = require('./late-failures.cjs');
const { freshLibrary } = require('./library.cjs');
const { installPlainPromises } = require('./plain-promises.cjs');
const { installRequests } = require('./requests.cjs');
const { installSockets } = require('./sockets.cjs');
const { installStop } = require('./stop.cjs');
const { StopListener } = require('./stop-listener.cjs');
const { installTraces } = require('./traces.cjs');

const tslab = {
  converter: require(path.join(tslabPackages, 'tslab', 'dist', 'converter.js')),
  executor: require(path.join(tslabPackages, 'tslab', 'dist', 'executor.js')),
  jupyter: require(path.join(tslabPackages, 'tslab', 'dist', 'jupyter.js')),
  main: require(path.join(tslabPackages, 'tslab', 'dist', 'main.js')),
  util: require(path.join(tslabPackages, 'tslab', 'dist', 'util.js')),
  versions: require(path.join(tslabPackages, 'tslab')).versions,
};

/** The one that all of this was written for and tested with. */
const knownTslab = '1.0.22';
const warnings = [];
if (tslab.versions.tslab !== knownTslab) {
  warnings.push(
    `This kernel mends tslab ${knownTslab}, but tslab ${tslab.versions.tslab} is installed: errors, ` +
      'Stop, traces and displays may not work. `npm ci` installs the right one.\n',
  );
}

installIsComplete(tslab);
const execution = installExecution(tslab, { beforeCell: freshLibrary(), warnings });
const stopListener = new StopListener(execution);
const executor = new Executor({
  folder: process.cwd(), // Jupyter starts a kernel in the notebook's
  cellName: execution.cellName,
  stopListener,
  report: { value: execution.reportValue, thrown: execution.reportFailure },
});
installAssistance(tslab, executor.cells);
installRequests(tslab, execution);
installSockets(tslab);

tslab.converter.createConverter = () => ({ close() {} });
tslab.executor.createExecutor = () => executor;
tslab.main.startKernel({
  configPath: process.argv[2],
  enableFindLocal: false,
  globalVersion: tslab.versions.tslab,
});
// The compiler reads its own types while the user still reads the notebook.
setImmediate(() => executor.cells.check(''));

installStop(stopListener);
installLateFailures();
installPlainPromises();
installTraces((...place) => executor.originalPosition(...place));
refuseInput();
refuseExit();
