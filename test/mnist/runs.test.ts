import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkpointsFolder, runFolder } from '../../lib/mnist/runs';
import { SHIPPED_JUDGE, SHIPPED_MODEL, SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { root } from '../support/script';

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'places-')));
  for (const clone of ['clone', 'old_node_modules/clone', 'node_modules.bak', 'a b/ö']) {
    mkdirSync(at(clone, 'notebooks'), { recursive: true });
  }
  mkdirSync(at('work'));
  for (const installed of [
    'app/node_modules/stable-diffusion-mnist',
    'app/node_modules/@fork/mnist/notebooks',
    'app/node_modules/other/node_modules/stable-diffusion-mnist',
    'app/node_modules/.pnpm/sdm@0.1.0/node_modules/stable-diffusion-mnist/notebooks',
    'lib/node_modules/stable-diffusion-mnist',
    'vendored',
  ]) {
    mkdirSync(at(installed), { recursive: true });
  }
  symlinkSync(at('clone'), at('app/node_modules/linked'));
  symlinkSync(at('app/node_modules/@fork/mnist'), at('alias'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe('where runs are saved', () => {
  it.each(['clone', 'old_node_modules/clone', 'node_modules.bak', 'a b/ö'])(
    'used from the clone %j: in its checkpoints/, from wherever it is called',
    (clone) => {
      const found = checkpointsFolder({ env: {}, packageFolder: at(clone), cwd: at('work') });
      expect(found).toBe(at(clone, 'checkpoints'));
    },
  );

  it.each([
    'app/node_modules/stable-diffusion-mnist',
    'app/node_modules/@fork/mnist',
    'app/node_modules/other/node_modules/stable-diffusion-mnist',
    'app/node_modules/.pnpm/sdm@0.1.0/node_modules/stable-diffusion-mnist',
    'lib/node_modules/stable-diffusion-mnist',
    'app/node_modules/not/there',
    'vendored',
    'alias', // a link into a node_modules
  ])('installed in %j: in the working directory, never among the packages', (installed) => {
    const found = checkpointsFolder({ env: {}, packageFolder: at(installed), cwd: at('work') });
    expect(found).toBe(at('work', 'checkpoints'));
  });

  it('a link to a clone counts as the clone', () => {
    const packageFolder = at('app/node_modules/linked');
    const found = checkpointsFolder({ env: {}, packageFolder, cwd: at('work') });
    expect(realpathSync(path.dirname(found))).toBe(at('clone'));
  });

  it.each([
    ['/somewhere/else', '/somewhere/else'],
    ['/somewhere/./else/', '/somewhere/else'],
    ['runs', 'work/runs'],
    ['../runs', 'runs'],
    ['.', 'work'],
  ])('SDM_CHECKPOINTS=%s is taken, relative to the working directory', (named, expected) => {
    for (const packageFolder of [at('clone'), at('vendored')]) {
      const env = { SDM_CHECKPOINTS: named };
      const found = checkpointsFolder({ env, packageFolder, cwd: at('work') });
      expect(found).toBe(path.resolve(folder, expected));
    }
  });

  it('SDM_CHECKPOINTS that is empty counts as not set', () => {
    const env = { SDM_CHECKPOINTS: '' };
    const found = checkpointsFolder({ env, packageFolder: at('clone'), cwd: at('work') });
    expect(found).toBe(at('clone', 'checkpoints'));
  });

  it('is read when called, and nothing is made', () => {
    vi.stubEnv('SDM_CHECKPOINTS', at('later'));
    expect(runFolder('mnist-cpu')).toBe(at('later', 'mnist-cpu'));
    vi.stubEnv('SDM_CHECKPOINTS', undefined);
    expect(runFolder('mnist-cpu')).toBe(path.join(root, 'checkpoints', 'mnist-cpu'));
    expect(readdirSync(folder)).not.toContain('later');
  });
});

it('what ships is in the package, wherever runs go', () => {
  expect(readdirSync(SHIPPED_MODEL)).toContain('model_index.json');
  expect(readdirSync(SHIPPED_JUDGE)).toContain('judge.json');
  expect(readdirSync(SMALL_TOKENIZER)).toContain('tokenizer.json');
});
