/** Model ids, revisions and subfolders: what is taken, and what is refused before anything is touched. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkRevision, isModelId, repoFolder } from '../../../lib/io/hub/names';
import { withFailingCall } from '../../support/failing-fs';
import { config, model, useHub, weights } from './hub-fixture';
import { COMMIT } from './hub-server';

/** Names that git takes for a branch: `git check-ref-format --branch`. */
const REVISIONS = [
  'main',
  'v1.0+cu',
  'v1.0+cu118.post1',
  'release/2024-01',
  'refs/pr/1',
  'feature/#12',
  'a=b',
  'a,b;c',
  '100%',
  '%2e%2e',
  'fix(unet)!',
  "it's",
  '"quoted"',
  'a&b',
  '$HOME',
  'a@b',
  '@@',
  'user@host/x',
  'a/-b',
  'x{1}',
  ']x',
  'a|b',
  '<x>',
  'ветка',
  '标签',
  'é',
  '🚀',
  'a.b',
  'x.lock2',
  'foo.git',
  '0123abc',
  'x'.repeat(120),
];

/** Names that git refuses. */
const NO_REVISIONS = [
  '',
  '@',
  '.',
  '..',
  '-x',
  '.x',
  'a/.x',
  'x.',
  'a..b',
  '../x',
  'a/../b',
  'x.lock',
  'x.lock/y',
  '/x',
  'x/',
  'a//b',
  'a b',
  'a\tb',
  'a\nb',
  'a\0b',
  'a\x7fb',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  'x@{1}',
  'a\ud800b',
];

const revisions = Object.fromEntries(
  REVISIONS.filter((name) => !['main', 'refs/pr/1'].includes(name)).map((name) => [
    name,
    { commit: 'b'.repeat(40), files: model },
  ]),
);

const hub = useHub({
  'owner/tiny': { files: model, revisions },
  'owner/nested': {
    files: {
      'config.json': config,
      'model.safetensors': weights(3),
      'sub/deep/config.json': config,
      'sub/deep/model.safetensors': weights(2),
    },
  },
});

describe('a revision', () => {
  it.each(REVISIONS)('%j is downloaded, and found again offline', async (revision) => {
    const folder = await hub.download('owner/tiny', { revision });
    const commit = ['main', 'refs/pr/1'].includes(revision) ? COMMIT : 'b'.repeat(40);
    expect(path.basename(folder)).toBe(commit);
    const ref = path.join(hub.root('owner/tiny'), 'refs', ...revision.split('/'));
    expect(readFileSync(ref, 'utf8')).toBe(commit);
    expect(await hub.download('owner/tiny', { revision, offline: true })).toBe(folder);
  });

  it.each(NO_REVISIONS)('%j is refused', (revision) => {
    expect(() => checkRevision(revision)).toThrow(/expected a revision like 'main'/);
  });

  it('is found by a ref that an editor ended with a line break', async () => {
    const folder = await hub.download('owner/tiny');
    const ref = path.join(hub.root('owner/tiny'), 'refs', 'main');
    writeFileSync(ref, `${COMMIT}\n`);
    expect(await hub.download('owner/tiny', { offline: true })).toBe(folder);
  });

  it('whose name is a folder of others is given all the same, with a warning', async () => {
    await hub.download('owner/tiny', { revision: 'release/2024-01' });
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    hub.server.fault = ({ url = '' }, response) => {
      if (!url.includes('/revision/release?')) return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ _id: '1', id: 'owner/tiny', sha: 'b'.repeat(40) }));
      return true;
    };
    const folder = await hub.download('owner/tiny', { revision: 'release', onWarning });
    expect(path.basename(folder)).toBe('b'.repeat(40));
    expect(warnings).toEqual([
      expect.stringMatching(/cannot note in .*refs\/release which commit/),
    ]);
  });
});

describe('a subfolder', () => {
  it.each(['sub/deep', 'sub/deep/', '/sub/deep', 'sub//deep', './sub/deep/.', '//sub/deep//'])(
    '%j is sub/deep',
    async (subfolder) => {
      expect(repoFolder(subfolder)).toBe('sub/deep');
      const folder = await hub.download('owner/nested', { subfolder });
      expect(readdirSync(folder)).toEqual(['sub']);
      expect(await hub.download('owner/nested', { subfolder, offline: true })).toBe(folder);
    },
  );

  it.each([undefined, '', '/', '.', './'])('%j is the whole', async (subfolder) => {
    const folder = await hub.download('owner/nested', { subfolder });
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors', 'sub']);
  });

  it.each(['..', 'sub/..', '../x', 'a\\b', 'C:', 'a\0'])('%j is refused', async (subfolder) => {
    await expect(hub.download('owner/nested', { subfolder })).rejects.toThrow(
      /expected a file's path inside the repository/,
    );
  });
});

/** huggingface_hub's own list (tests/test_utils_validators.py), and names made to leave the folder. */
const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  'a/..',
  '/etc/passwd',
  '~',
  '~/x',
  'a/b/c',
  'datasets/foo/bar',
  '.repo_id',
  'repo_id.',
  'foo--bar',
  'foo..bar',
  'foo.git',
  'x'.repeat(97),
  'a\0b',
  'a\\b',
  '..\\x',
  'C:\\x',
  'a b',
  'ａ．．ｂ',
  '․․/x',
  'a/\u202eb',
  'a//b',
  '-x',
  'a/.b',
  '%2e%2e/x',
  'a\nb',
  '$(x)',
];

it.each(HOSTILE)('the name %j is refused before anything is touched', async (id) => {
  expect(isModelId(id)).toBe(false);
  const { paths, value } = withFailingCall(0, '', () => hub.download(id));
  await expect(value).rejects.toThrow(/expected a model id like/);
  expect([...paths]).toEqual([]);
  if (!REVISIONS.includes(id)) {
    await expect(hub.download('owner/tiny', { revision: id })).rejects.toThrow(
      /expected a revision|answered 404/,
    );
  }
  expect(readdirSync(hub.cacheDir)).toEqual([]);
});
