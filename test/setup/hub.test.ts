/** The image as hubs take it: what they call is there, and answers as `npm start` does. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

const { parsePins } = loadScript<{
  parsePins: (text: string, python: number[]) => Map<string, string>;
}>('setup/python-environment.mjs');
const { isAtLeast, parseVersion } = loadScript<{
  isAtLeast: (version: number[], least: number[]) => boolean;
  parseVersion: (text: string) => number[] | null;
}>('setup/check.mjs');

const read = (...parts: string[]): string => fs.readFileSync(path.join(root, ...parts), 'utf8');
const programs = path.join(root, 'scripts', 'hub', 'bin');
const dockerfile = read('Dockerfile');

describe('the Dockerfile', () => {
  it('is the one that Binder takes: another would come before it', () => {
    const others = ['binder', '.binder'].filter((name) => fs.existsSync(path.join(root, name)));
    expect(others).toEqual([]);
  });

  it('puts what hubs call before the environment, whose jupyter-lab knows nothing of our settings', () => {
    const folder = /^WORKDIR (.*)$/m.exec(dockerfile)![1]!;
    const paths = /^ENV PATH=(.*)$/m.exec(dockerfile)![1]!.split(':');
    expect(paths).toEqual([`${folder}/scripts/hub/bin`, `${folder}/.venv/bin`, '$PATH']);
    const names = fs.readdirSync(programs).sort();
    expect(names).toEqual(['jupyter-lab', 'jupyter-notebook', 'jupyterhub-singleuser']);
    for (const name of names) fs.accessSync(path.join(programs, name), fs.constants.X_OK);
  });

  it("has the dev container's base and packages", () => {
    const systemOf = (text: string): string[] =>
      [/^FROM .*$/m, /^RUN apt-get(?:.*\\\n)*.*$/m].map((pattern) => pattern.exec(text)![0]);
    expect(systemOf(read('.devcontainer', 'Dockerfile'))).toEqual(systemOf(dockerfile));
  });
});

it("pins what JupyterHub's side of a server asks for, once, and none of it older than it asks", () => {
  const python = [3, 13, 0]; // of the image's Debian
  const lab = parsePins(read('requirements.txt'), python);
  const hub = parsePins(read('requirements-hub.txt'), python);
  expect([...hub.keys()].filter((name) => lab.has(name))).toEqual([]);
  // The metadata of jupyterhub 6.1.1; its extension of the server is written for jupyter_server 2.
  expect(hub.get('jupyterhub')).toBe('6.1.1');
  const least: Record<string, string> = {
    ...{ aiodns: '0.0', aiohttp: '0.0', alembic: '1.4', certipy: '0.1.2', idna: '0.0' },
    ...{ jinja2: '2.11.0', 'jupyter-events': '0.11.0', 'jupyter-server': '2.0', oauthlib: '3.0' },
    ...{ packaging: '0.0', pamela: '1.1.0', 'prometheus-client': '0.5.0', pydantic: '2.0' },
    ...{ 'python-dateutil': '0.0', requests: '0.0', sqlalchemy: '1.4.1', tornado: '6.5' },
    traitlets: '5.4',
  };
  const pins = new Map([...lab, ...hub]);
  const tooOld = Object.entries(least).filter(([name, version]) => {
    const pin = pins.get(name);
    return pin === undefined || !isAtLeast(parseVersion(pin)!, parseVersion(version)!);
  });
  expect(tooOld).toEqual([]);
});

/** As BinderHub's chart starts a server: Python looks for JupyterLab and becomes `jupyter-lab`, found in PATH. */
const likeBinder =
  "import os, sys, jupyterlab.labapp; os.execvp('jupyter-lab', sys.argv) # argv[0] is -c";

it("starts by Binder's command: our kernel, our first page, the hub's address and token", async () => {
  const PATH = [programs, path.join(root, '.venv', 'bin'), process.env.PATH].join(':');
  const settings = ['base_url=/user/reader/', 'token=told', 'trust_xheaders=True'];
  const args = ['NotebookApp', 'ServerApp'].flatMap((app) =>
    settings.map((setting) => `--${app}.${setting}`),
  );
  const server = spawn('python3', ['-c', likeBinder, '--ip=127.0.0.1', '--port=0', ...args], {
    cwd: '/',
    env: { ...process.env, PATH, npm_lifecycle_event: undefined },
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  let said = '';
  try {
    const port = await new Promise<string>((resolve, reject) => {
      server.once('exit', () => reject(new Error(said)));
      for (const stream of [server.stdout, server.stderr]) {
        stream.on('data', (data: Buffer) => {
          said += data.toString();
          const found = /127\.0\.0\.1:(\d+)\/user\/reader\/lab\/tree\/welcome\.md/.exec(said);
          if (found !== null) resolve(found[1]!);
        });
      }
    });
    const ask = (where: string, token: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/user/reader${where}`, {
        headers: { authorization: `token ${token}` },
      });
    // The address is printed just before the server listens.
    const answer = () => ask('/api', 'told').then(({ status }) => status, () => null); // prettier-ignore
    await expect.poll(answer, { timeout: 10_000 }).toBe(200);
    const kernels = (await (await ask('/api/kernelspecs', 'told')).json()) as {
      default: string;
      kernelspecs: object;
    };
    expect([kernels.default, ...Object.keys(kernels.kernelspecs)]).toEqual(['tslab', 'tslab']);
    expect((await ask('/api/contents/welcome.md', 'told')).status).toBe(200);
    expect((await ask('/api/contents/welcome.md', 'another')).status).toBe(403);
  } finally {
    server.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
}, 120_000);
