// How JupyterLab is started: by `npm start`, by hubs, and by the tests in the browser.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jupyterEnvironment, venvPython } from './paths.mjs';
import { exitCodeOf, onStopRequest } from './signals.mjs';

/** What a reader sees first. */
export const firstPage = '/lab/tree/welcome.md';

const program = fileURLToPath(new URL('run_jupyterlab.py', import.meta.url));

/**
 * The arguments of Python.
 *
 * @param {string} folder what the file browser shows
 */
export function labArguments(folder) {
  const args = [
    program,
    `--ServerApp.root_dir=${folder}`,
    '--MultiKernelManager.default_kernel_name=tslab',
    '--KernelSpecManager.ensure_native_kernel=False',
    '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
  ];
  // JupyterLab refuses to run as root, as it does in most containers, unless told so.
  if (process.getuid() === 0) args.push('--allow-root');
  return args;
}

/**
 * Runs a server for as long as this process: it is asked to end with it, and this process ends with its exit code.
 *
 * @param {string[]} args of Python
 * @param {{ name?: string, beside?: import('node:child_process').ChildProcess[] }} [options] the name for messages; what
 *   else runs, and ends with the server
 */
export function runServer(args, { name = 'JupyterLab', beside = [] } = {}) {
  const server = spawn(venvPython, args, { stdio: 'inherit', env: jupyterEnvironment() });
  const end = (code) => {
    for (const child of beside) child.kill();
    process.exit(code);
  };
  onStopRequest((signal) => {
    for (const child of [...beside, server]) child.kill(signal);
  });
  server.on('error', (error) => {
    process.stderr.write(`${name} could not be started: ${error.message}\n`);
    end(1);
  });
  server.on('exit', (code, signal) => end(exitCodeOf(code, signal)));
}
