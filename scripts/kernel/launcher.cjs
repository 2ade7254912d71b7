'use strict';
// The TypeScript kernel: `node launcher.cjs {connection_file}`. It starts the installed tslab and mends
// what its side of the Jupyter protocol leaves out.

const path = require('node:path');

const root = path.resolve(__dirname, '..', '..');
const tslabPackages = path.join(root, 'node_modules');

// Both are read when TensorFlow is loaded, which a cell does much later.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

// tslab takes the folder that it runs in for the root of all TypeScript; outside of the clone it would
// not find the library.
if (path.relative(root, process.cwd()).startsWith('..'))
  process.chdir(path.join(root, 'notebooks'));

// A new folder in node_modules would stall tslab's compiler for good ("Unexpected pending
// rebuildTimer"); changed files are seen without watching folders.
const typescript = require(path.join(tslabPackages, '@tslab', 'typescript-for-tslab'));
typescript.sys.watchDirectory = () => ({ close() {} });

const tslab = {
  converter: require(path.join(tslabPackages, 'tslab', 'dist', 'converter.js')),
  jupyter: require(path.join(tslabPackages, 'tslab', 'dist', 'jupyter.js')),
  main: require(path.join(tslabPackages, 'tslab', 'dist', 'main.js')),
  util: require(path.join(tslabPackages, 'tslab', 'dist', 'util.js')),
  versions: require(path.join(tslabPackages, 'tslab')).versions,
};

const { installExecution } = require('./execution.cjs');
const { installLateFailures } = require('./late-failures.cjs');
const { installRequests } = require('./requests.cjs');
const { installShorthand } = require('./shorthand.cjs');
const { installStop } = require('./stop.cjs');

installShorthand(tslab, typescript);
const execution = installExecution(tslab);
installRequests(tslab, execution.history);

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

installStop();
installLateFailures();
