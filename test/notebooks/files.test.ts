import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

const { venvPython } = loadScript<{ venvPython: string }>('setup/paths.mjs');

interface Notebook {
  readonly cells: {
    readonly source: string | string[];
    readonly metadata: { readonly tags?: string[] };
    readonly outputs?: {
      readonly data?: Record<string, unknown>;
      readonly metadata?: Record<string, unknown>;
    }[];
  }[];
}

const folder = path.join(root, 'notebooks');
const names = fs.readdirSync(folder).filter((name) => name.endsWith('.ipynb'));

describe.each(names)('%s', (name) => {
  const file = path.join(folder, name);

  it('is valid nbformat', () => {
    const code =
      'import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))';
    execFileSync(venvPython, ['-c', code, file]); // throws what is wrong
  });

  it('declares preset in its one cell of parameters, for `npm run notebooks -- -p preset smoke`', () => {
    const { cells } = JSON.parse(fs.readFileSync(file, 'utf8')) as Notebook;
    const tagged = cells.filter(({ metadata }) => metadata.tags?.includes('parameters'));
    const sources = tagged.map(({ source }) => [source].flat().join(''));
    expect(sources).toEqual([
      expect.stringMatching(/^type Preset = .*'smoke';\nlet preset: Preset = 'cpu';$/),
    ]);
  });

  it('is smaller than 3 MB', () => {
    expect(fs.statSync(file).size).toBeLessThan(3e6);
  });

  it('holds no page that draws in a browser, which is megabytes', () => {
    const { cells } = JSON.parse(fs.readFileSync(file, 'utf8')) as Notebook;
    const outputs = cells.flatMap(({ outputs = [] }) => outputs);
    const pages = outputs.filter(
      ({ data = {}, metadata = {} }) =>
        'sdm_page' in metadata || JSON.stringify(data['text/html'] ?? '').includes('<iframe'),
    );
    expect(pages).toEqual([]);
  });

  it('has a picture and words beside each live figure, for readers without plotly', () => {
    const { cells } = JSON.parse(fs.readFileSync(file, 'utf8')) as Notebook;
    const bundles = cells.flatMap(({ outputs = [] }) => outputs.map(({ data = {} }) => data));
    const live = bundles.filter((data) => 'application/vnd.plotly.v1+json' in data);
    expect(live.filter((data) => !('image/png' in data && 'text/plain' in data))).toEqual([]);
  });
});
