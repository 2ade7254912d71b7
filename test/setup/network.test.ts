/** The set-up where the way to the registries is bad: a proxy that says no, a download that is cut off. Real npm and pip. */
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../parity/python';
import { loadScript, root } from '../support/script';

const { proxyNote } = loadScript<{ proxyNote: (env: NodeJS.ProcessEnv) => string }>(
  'setup/network.mjs',
);
const { excerpt } = loadScript<{ excerpt: (lines: string[]) => string[] }>('setup/command.mjs');

let clone: string;
beforeAll(() => {
  clone = temporaryFolder();
  const wanted =
    /^(scripts|kernel|labextension|native|package.*\.json|requirements.*\.txt|\.npmrc)$/;
  for (const name of fs.readdirSync(root).filter((entry) => wanted.test(entry))) {
    fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
  }
});

let server: http.Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server on this machine; what it is asked for is in `asked`. */
async function serve(answer: http.RequestListener): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  server = http.createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, asked };
}

/** One step of the set-up in the clone: `node-packages`, or `python-packages`. */
async function step(name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^(npm_|PIP_)|_proxy$/i.test(key),
  );
  const script = `
    import * as nodeSteps from './scripts/setup/node-packages.mjs';
    import * as pythonSteps from './scripts/setup/python-packages.mjs';
    import { pythonEnvironment } from './scripts/setup/tensorflow-package.mjs';
    import { findPython } from './scripts/setup/check.mjs';
    import { reasonToRun, runStep } from './scripts/setup/step.mjs';
    const step = Object.values({ ...nodeSteps, ...pythonSteps }).find(({ name }) => name === '${name}');
    const python = findPython(process.env.SDM_PYTHON);
    const before = step.needs?.includes(pythonEnvironment.name) && reasonToRun(pythonEnvironment) !== null;
    if (before) await runStep(pythonEnvironment, { python });
    await runStep(step, { python }).then(
      () => console.log('done'),
      (error) => console.log('FAILED ' + error.message + ' WHAT TO DO ' + error.remedy),
    );`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: clone,
    env: {
      ...Object.fromEntries(inherited),
      npm_config_cache: path.join(clone, 'cache'),
      npm_config_fetch_retries: '0',
      PIP_NO_CACHE_DIR: '1',
      PIP_RETRIES: '0',
      PIP_CONFIG_FILE: '/dev/null',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => (said += String(data)));
  await new Promise((resolve) => child.once('close', resolve));
  return said;
}

describe('a proxy', () => {
  const refusal: http.RequestListener = (_, response) =>
    response.writeHead(407, { 'proxy-authenticate': 'Basic realm="office"' }).end('no');

  it('is asked for all that npm fetches; one that says no is named, without its password', async () => {
    const { port, asked } = await serve(refusal);
    const said = await step('node-packages', {
      HTTP_PROXY: `http://me:secret@127.0.0.1:${port}`,
      npm_config_registry: 'http://registry.invalid/',
    });
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((line) => !line.startsWith('registry.invalid '))).toEqual([]);
    expect(said).toMatch(/^FAILED npm packages: `.*` ended with exit code 1\n.*407/s);
    expect(said).toContain(
      `WHAT TO DO HTTP_PROXY sends all of it to the proxy 127.0.0.1:${port}: check that it answers, and that it wants no ` +
        '(other) password. Check that the package registry can be reached',
    );
    expect(said).not.toContain('secret');
  });

  it('is asked for all that pip fetches, likewise', async () => {
    const { port, asked } = await serve(refusal);
    const said = await step('python-packages', {
      http_proxy: `http://me:secret@127.0.0.1:${port}`,
      PIP_INDEX_URL: 'http://index.invalid/simple/',
      PIP_TRUSTED_HOST: 'index.invalid',
    });
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((line) => !line.startsWith('index.invalid '))).toEqual([]);
    expect(said).toMatch(/^FAILED Python packages: /);
    expect(said).toContain(`WHAT TO DO http_proxy sends all of it to the proxy 127.0.0.1:${port}:`);
    expect(said).not.toContain('secret');
  });

  it('that is no address is told apart, and none is not spoken of', () => {
    expect(proxyNote({ https_proxy: 'http://' })).toBe(
      'https_proxy names no proxy: http://HOST:PORT or http://USER:PASSWORD@HOST:PORT is expected. ',
    );
    expect(proxyNote({ HTTPS_PROXY: '', NO_PROXY: 'localhost' })).toBe('');
  });
});

describe('a download that is cut off', () => {
  const cut: http.RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 1e6 });
    response.write(Buffer.alloc(20_000));
    setTimeout(() => response.destroy(), 20);
  };

  it('of npm: says so, leaves nothing half-done that would be taken for done', async () => {
    const { port } = await serve(cut);
    const said = await step('node-packages', { npm_config_registry: `http://127.0.0.1:${port}/` });
    expect(said).toMatch(/^FAILED npm packages: `.*` ended with exit code 1\n.*npm error/s);
    expect(said).toContain('then run the command again: what has come is kept.');
    expect(fs.existsSync(path.join(clone, 'node_modules', '.package-lock.json'))).toBe(false);
  });

  it('of pip: says so, likewise', async () => {
    const { port } = await serve((request, response) => {
      const name = /^\/simple\/([^/]+)\/$/.exec(request.url ?? '')?.[1];
      if (name === undefined) return cut(request, response);
      const pin = new RegExp(`^${name.replaceAll('-', '[-_.]')}==(\\S+)`, 'im').exec(
        fs.readFileSync(path.join(clone, 'requirements.txt'), 'utf8'),
      );
      const wheel = `${name.replaceAll('-', '_')}-${pin?.[1]}-py3-none-any.whl`;
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(
        `<!DOCTYPE html><html><body><a href="/files/${wheel}">${wheel}</a></body></html>`,
      );
    });
    const said = await step('python-packages', {
      PIP_INDEX_URL: `http://127.0.0.1:${port}/simple/`,
    });
    expect(said).toMatch(/^FAILED Python packages: `.*` ended with exit code [12]\n/);
    // pip 23 takes what has come for the whole file; newer ones tell.
    expect(said).toMatch(/is invalid|IncompleteRead|incomplete-download|Connection broken/i);
    expect(said).toContain('A file that is said to be invalid was cut off on its way.');
  });
});

it('npm asks again for a package of which it remembers only older versions', async () => {
  const tarballs = new Map<string, Buffer>();
  const packument = (versions: string[]) => ({
    name: 'remembered',
    'dist-tags': { latest: versions.at(-1) },
    versions: Object.fromEntries(versions.map((version) => [version, manifest(version)])),
  });
  const manifest = (version: string) => {
    const tarball = `http://127.0.0.1:${port}/remembered-${version}.tgz`;
    return { name: 'remembered', version, dist: { tarball, integrity: integrityOf(version) } };
  };
  const integrityOf = (version: string): string => {
    const digest = crypto.createHash('sha512').update(tarballs.get(version)!).digest('base64');
    return `sha512-${digest}`;
  };
  const own = temporaryFolder();
  for (const version of ['1.0.0', '1.0.1']) {
    const folder = path.join(own, version, 'package');
    fs.mkdirSync(folder, { recursive: true });
    const text = JSON.stringify({ name: 'remembered', version });
    fs.writeFileSync(path.join(folder, 'package.json'), text);
    const file = path.join(own, `${version}.tgz`);
    spawnSync('tar', ['-czf', file, '-C', path.dirname(folder), 'package']);
    tarballs.set(version, fs.readFileSync(file));
  }
  let published = ['1.0.0'];
  const { port, asked } = await serve((request, response) => {
    const version = /remembered-(.*)\.tgz$/.exec(request.url ?? '')?.[1];
    if (version !== undefined) return response.end(tarballs.get(version));
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(packument(published)));
  });
  const kept = ['package.json', 'package-lock.json'].map((name) => {
    const file = path.join(clone, name);
    return [file, fs.readFileSync(file)] as const;
  });
  const install = async (version: string): Promise<string> => {
    const dependencies = { remembered: version };
    const packages = {
      '': { dependencies },
      'node_modules/remembered': { version, integrity: integrityOf(version) },
    };
    fs.writeFileSync(kept[0]![0], JSON.stringify({ dependencies }));
    fs.writeFileSync(kept[1]![0], JSON.stringify({ lockfileVersion: 3, packages }));
    return step('node-packages', { npm_config_registry: `http://127.0.0.1:${port}/` });
  };
  try {
    expect(await install('1.0.0')).toBe('done\n');
    published = ['1.0.0', '1.0.1'];
    expect(await install('1.0.1')).toBe('done\n');
    expect(asked.filter((line) => line.endsWith('/remembered'))).toHaveLength(2);
    const log = fs.readFileSync(path.join(clone, '.setup', 'logs', 'node-packages.log'), 'utf8');
    expect(log).toContain('ETARGET'); // that it was remembered
  } finally {
    for (const [file, text] of kept) fs.writeFileSync(file, text);
  }
});

it("of pip's words on one more try, the last is enough", () => {
  const tries = [4, 3, 2].map((left) => `WARNING: Retrying (Retry(total=${left})) after error`);
  const last = 'ERROR: No matching distribution found for anyio==4.16.0';
  expect(excerpt(['Looking in indexes', ...tries, last])).toEqual([tries[2], last]);
});
