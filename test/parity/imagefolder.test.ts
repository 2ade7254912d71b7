/** Folders of pictures against Python's `datasets`: the same rows, captions and splits. */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadImageFolder } from '../../lib/image-datasets/load-image-folder';
import { MINUTES_10, readJson, runPython, temporaryFolder } from './python';

type Rows = [colour: number[], caption: string | string[] | null][];

const folder = temporaryFolder();
let expected: Record<string, Record<string, Rows>> = {};

beforeAll(() => {
  runPython('imagefolder.py', folder);
  expected = readJson(path.join(folder, 'expected.json')) as typeof expected;
}, MINUTES_10);

const NAMES = [
  'jsonl',
  'csv',
  'csv-bom',
  'parquet-metadata',
  'rows-decide',
  'lists',
  'other-column',
  'nested',
  'metadata-deep',
  'splits',
  'split-words',
  'split-in-names',
  'classes',
  'classes-in-splits',
  'uneven',
  'one-class',
  'flat',
  'metadata-and-classes',
  'hidden',
  'upper-case',
  'more-columns',
  'conditioning',
  'unicode',
  'no-newline',
  'crlf',
  'parquet',
  'parquet-shards',
  'parquet-cifar10',
  'webdataset',
  'webdataset-json',
];

it('all that Python made', () => expect(Object.keys(expected)).toEqual(NAMES));

describe.each(NAMES)('%s', (name) => {
  it('has the same splits, and in each the same rows', async () => {
    const splits = Object.keys(expected[name]!);
    for (const split of splits) {
      const { images, captionIds, captions, captionChoices, length, report } =
        await loadImageFolder(path.join(folder, name), { size: 9, split });
      expect(Object.keys(report.splits)).toEqual(splits);
      const rows = Array.from({ length }, (_, i) => {
        const colour = [0, 1, 2].map((c) => images.get(i, 4, 4, c));
        const choices = [...(captionChoices?.[i] ?? [captionIds[i]!])].map((id) => captions[id]!);
        return [colour, choices] as const;
      });
      const wanted = expected[name]![split]!.map(([colour, caption]) => {
        const texts = Array.isArray(caption) ? caption : [caption ?? ''];
        return [colour, texts] as const;
      });
      if (name === 'metadata-deep') {
        // `datasets` keeps several metadata files of a split in a set, whose order differs from run to run.
        rows.sort(([, [a = '']], [, [b = '']]) => (a < b ? -1 : 1));
        wanted.sort(([, [a = '']], [, [b = '']]) => (a < b ? -1 : 1));
      }
      expect(rows.map(([, texts]) => texts)).toEqual(wanted.map(([, texts]) => texts));
      rows.forEach(([colour], i) => {
        const other = wanted[i]![0];
        // JPEG and WebP are decoded by other builds of the same libraries
        colour.forEach((value, c) => expect(Math.abs(value - other[c]!)).toBeLessThanOrEqual(1));
      });
    }
  });
});
