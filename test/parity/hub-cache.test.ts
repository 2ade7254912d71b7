/** One cache for both: what lib leaves in it huggingface_hub takes, and the other way round. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { snapshotDownload, type SnapshotOptions } from '../../lib/io/hub';
import { COMMIT, HubServer } from '../io/hub/hub-server';
import { findPython, MINUTES_10, pythonEnvironment, readJson, temporaryFolder } from './python';

const json = Buffer.from('{"a": 1}');
const large = Buffer.from('not weights, but as large files are kept');
const pipe = {
  'README.md': Buffer.from('# x'),
  'model_index.json': json,
  'unet/config.json': Buffer.from('{}'),
  'unet/diffusion_pytorch_model.safetensors': large,
};
const server = new HubServer({
  'owner/pipe': { files: pipe, revisions: { 'v1.0+cu': { commit: 'b'.repeat(40), files: pipe } } },
  'owner/text': { files: { 'config.json': json, 'model.safetensors': large } },
});
const folder = temporaryFolder();
const at = (...names: string[]) => path.join(folder, ...names);
const download = (id: string, cache: string, options: SnapshotOptions = {}) =>
  snapshotDownload(id, {
    cacheDir: at(cache),
    endpoint: server.endpoint,
    token: false,
    ...options,
  });

let answers: Record<string, string>;
beforeAll(async () => {
  await server.start();
  await download('owner/pipe', 'ours', { subfolder: 'unet' });
  await download('owner/pipe', 'ours', { subfolder: 'unet', revision: 'v1.0+cu' });
  await download('owner/text', 'ours');
  const script = path.join(__dirname, 'hub_cache.py');
  const env = { ...pythonEnvironment(), HF_HUB_OFFLINE: '0', HF_HUB_DISABLE_XET: '1' };
  await promisify(execFile)(findPython(), [script, folder, server.endpoint], { env });
  answers = readJson(at('answers.json')) as Record<string, string>;
}, MINUTES_10);
afterAll(() => server.stop());

it('huggingface_hub finds what lib downloaded, and knows a part for one', () => {
  const snapshots = at('ours', 'models--owner--pipe', 'snapshots');
  expect(answers['partOfIt']).toBe(path.join(snapshots, COMMIT));
  expect(answers['revision']).toBe(path.join(snapshots, 'b'.repeat(40)));
  expect(answers['part']).toMatch(
    /is incomplete: 2 file\(s\) are missing \(README\.md, model_index\.json\)/,
  );
  expect(answers['whole']).toBe(at('ours', 'models--owner--text', 'snapshots', COMMIT));
});

it('lib finds what huggingface_hub downloaded, and knows a part for one', async () => {
  const offline = { offline: true };
  const whole = await download('owner/text', 'theirs', offline);
  expect(whole).toBe(answers['theirs']);
  const unet = await download('owner/pipe', 'theirs', { ...offline, subfolder: 'unet/' });
  expect(readdirSync(unet)).toEqual(['unet']);
  await expect(download('owner/pipe', 'theirs', offline)).rejects.toThrow(
    /is incomplete: 1 file is missing \(model_index\.json\)/,
  );
  await expect(download('owner/text', 'old', { ...offline, revision: COMMIT })).rejects.toThrow(
    /is incomplete: 1 file is missing \(model\.safetensors\)/,
  );
  server.requests.length = 0;
  await download('owner/text', 'theirs');
  expect(server.requests.map(({ url }) => url.split('?')[0])).toEqual([
    '/api/models/owner/text/revision/main', // the list of files was there
  ]);
});

it('both lay the cache out alike', () => {
  const [ours, theirs] = ['ours', 'theirs'].map((cache) => at(cache, 'models--owner--text'));
  const files = (root: string) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/\.(lock|metadata)$|CACHEDIR/.test(name))
      .sort();
  expect(files(ours!)).toEqual(files(theirs!));
  for (const name of ['config.json', 'model.safetensors']) {
    const link = path.join('snapshots', COMMIT, name);
    expect(readlinkSync(path.join(ours!, link))).toBe(readlinkSync(path.join(theirs!, link)));
  }
  const tree = (root: string) => readJson(path.join(root, 'trees', `${COMMIT}.json`));
  expect(tree(ours!)).toEqual(tree(theirs!));
  const ref = (root: string) => readFileSync(path.join(root, 'refs', 'main'), 'utf8');
  expect(ref(ours!)).toBe(ref(theirs!));
});
