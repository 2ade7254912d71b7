// How JupyterLab is started, by `npm start` and by the tests in the browser.
import { fileURLToPath } from 'node:url';

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
