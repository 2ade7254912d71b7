import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { loadScript, root } from '../support/script';

const { jupyterEnvironment, venvPython } = loadScript<{
  jupyterEnvironment: () => NodeJS.ProcessEnv;
  venvPython: string;
}>('setup/paths.mjs');
const { labArguments } = loadScript<{ labArguments: (folder: string) => string[] }>(
  'setup/jupyterlab.mjs',
);

const TOKEN = 'test';
const STARTED = /http:\/\/127\.0\.0\.1:(\d+)\//;

/** A JupyterLab started as `npm start` starts it, on copies of the notebooks. */
export interface Lab {
  readonly notebooks: string;
  readonly checkpoints: string;
  /** The address of a path of the server, with the token. */
  url(path: string): string;
  /** What the server answers. */
  text(path: string, init?: RequestInit): Promise<string>;
  /** The same as JSON. */
  api<T>(path: string, init?: RequestInit): Promise<T>;
  /** Milliseconds from the start of the process to the first answer. */
  readonly startMs: number;
  close(): Promise<void>;
}

/** @param folder where notebooks, checkpoints, settings and runtime files go */
export async function startLab(folder: string): Promise<Lab> {
  const notebooks = path.join(folder, 'notebooks');
  const checkpoints = path.join(folder, 'checkpoints');
  fs.mkdirSync(notebooks, { recursive: true });
  const started = performance.now();
  const server = spawn(
    venvPython,
    [
      ...labArguments(notebooks),
      ...['--no-browser', '--port=0', `--IdentityProvider.token=${TOKEN}`],
      '--LabApp.expose_app_in_browser=True', // tests look into its model
    ],
    {
      cwd: root,
      env: {
        ...jupyterEnvironment(),
        JUPYTERLAB_SETTINGS_DIR: path.join(folder, 'settings'),
        JUPYTERLAB_WORKSPACES_DIR: path.join(folder, 'workspaces'),
        SDM_CHECKPOINTS: checkpoints,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const port = await portOf(server);
  const url = (where: string) =>
    `http://127.0.0.1:${port}${where}${where.includes('?') ? '&' : '?'}token=${TOKEN}`;
  const text = async (where: string, init?: RequestInit) => {
    const answer = await fetch(url(where), init);
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${where}: ${answer.status} ${body}`);
    return body;
  };
  const api = async <T>(where: string, init?: RequestInit): Promise<T> =>
    JSON.parse((await text(where, init)) || 'null') as T;
  // The address is printed just before the server listens.
  for (let tries = 0; ; tries++) {
    const listening = await fetch(url('/api/status')).then(
      () => true,
      () => false,
    );
    if (listening) break;
    if (tries === 100) throw new Error(`JupyterLab does not answer on port ${port}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const startMs = performance.now() - started;
  const close = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  };
  return { notebooks, checkpoints, url, text, api, startMs, close };
}

function portOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (data: Buffer) => {
      printed += data.toString();
      const port = STARTED.exec(printed)?.[1];
      if (port !== undefined) resolve(port);
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('exit', (code) =>
      reject(new Error(`JupyterLab ended with exit code ${code}:\n${printed}`)),
    );
  });
}
