'use strict';
// The TypeScript kernel: `node launcher.cjs {connection_file}`. It starts the installed tslab and mends
// what its side of the Jupyter protocol leaves out.

const path = require('node:path');

const root = path.resolve(__dirname, '..');
const tslabPackages = path.join(root, 'node_modules');

// Both are read when TensorFlow is loaded, which a cell does much later.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

// tslab takes the folder that it runs in for the root of all TypeScript; outside of the clone it would
// not find the library.
if (path.relative(root, process.cwd()).startsWith('..'))
  process.chdir(path.join(root, 'notebooks'));

// A new folder in node_modules, or packages that change, would stall tslab's compiler for good ("Unexpected
// pending rebuildTimer"). The code of a package stays as it was loaded, so its types may as well; only
// files beside the notebooks are watched.
const typescriptPath = require.resolve(path.join(tslabPackages, '@tslab', 'typescript-for-tslab'));
const typescript = require(typescriptPath);
const unwatched = { close() {} };
const { watchFile } = typescript.sys;
typescript.sys.watchDirectory = () => unwatched;
typescript.sys.watchFile = (file, ...rest) =>
  file.includes('/node_modules/') || file.startsWith(path.join(root, 'dist'))
    ? unwatched
    : watchFile.call(typescript.sys, file, ...rest);

const { installDeclarations } = require('./declarations.cjs');
const { installExecution } = require('./execution.cjs');
const { refuseInput } = require('./input.cjs');
const { installIsComplete } = require('./is-complete.cjs');
const { installLateFailures } = require('./late-failures.cjs');
const { freshLibrary } = require('./library.cjs');
const { installRequests } = require('./requests.cjs');
const { installShorthand } = require('./shorthand.cjs');
const { installSockets } = require('./sockets.cjs');
const { installTraces, withSourceMaps } = require('./source-maps.cjs');
const { installStop } = require('./stop.cjs');

let execution = null;
require.cache[typescriptPath].exports = withSourceMaps(typescript, () => execution.cellName());

const tslab = {
  converter: require(path.join(tslabPackages, 'tslab', 'dist', 'converter.js')),
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

installShorthand(tslab, typescript);
const declarations = installDeclarations(tslab);
installIsComplete(tslab);
execution = installExecution(tslab, {
  beforeCell: freshLibrary(),
  afterStop: declarations.keep,
  warnings,
});
installRequests(tslab, execution.history);
installSockets(tslab);

// tslab's executor keeps these two functions to report a cell's value and its failure with.
const { log, error } = console;
console.log = execution.reportValue;
console.error = execution.reportFailure;
tslab.main.startKernel({
  configPath: process.argv[2],
  enableFindLocal: false,
  globalVersion: tslab.versions.tslab,
});
console.log = log;
console.error = error;

installStop(execution.stopCell);
installLateFailures();
installTraces();
refuseInput();
