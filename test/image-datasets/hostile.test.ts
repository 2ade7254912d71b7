/** What people, or attackers, put into a data set: each is refused with words of its own, quickly and within memory. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../../lib/image-datasets/errors';
import {
  loadImageFolder,
  type ImageFolderOptions,
} from '../../lib/image-datasets/load-image-folder';
import { folderOf, jsonl, png, pngWithHeader, tarOf, type Files } from './pictures';

const row = (file_name: unknown, text: unknown = 'a picture') => ({ file_name, text });
const good = { 'good.png': png() };

type Case = readonly [
  what: string,
  files: Files | (() => Promise<Files>),
  says: RegExp,
  options?: Partial<ImageFolderOptions>,
];

const tar =
  (...members: Parameters<typeof tarOf>[0]) =>
  async () => ({ 'x.tar': await tarOf(members) });

const cases: readonly Case[] = [
  ['an empty folder', {}, /expected images \(png.*found an empty folder/],
  ['no picture at all', { 'notes.txt': 'hello' }, /found 1 other file \(notes\.txt\)/],
  ['only a zip', { 'all.zip': 'PK' }, /Unpack all\.zip first/],
  ['a picture of 0 bytes', { 'a.png': '' }, /a\.png: expected an image .* found an empty file/],
  [
    'a text named .png',
    { 'a.png': 'I am no image' },
    /found a file that begins with "I am no image"/,
  ],
  ['HTML named .jpg', { 'a.jpg': '<!doctype html>' }, /begins with "<!doctype html>"/],
  ['an SVG named .png', { 'a.png': '<svg xmlns="x"/>' }, /a\.png: expected an image \(PNG, JPEG/],
  ['a git-lfs pointer', { 'a.jpg': 'version https://git-lfs' }, /begins with "version https:/],
  [
    'a bomb of 100,000 × 100,000',
    { 'a.png': pngWithHeader(100_000, 100_000) },
    /100000 × 100000 .* in its header/,
  ],
  [
    'a bomb of 2,000,000 × 1,000',
    { 'a.png': pngWithHeader(2_000_000, 1000) },
    /expected an image of at most 89478485 pixels/,
  ],
  ['a header of 0 × 5', { 'a.png': pngWithHeader(0, 5) }, /a\.png: expected a whole PNG image/],
  ['a header without pixels', { 'a.png': pngWithHeader(30, 30) }, /expected a whole PNG image/],
  [
    'half a PNG',
    { 'a.png': png([1, 2, 3], 200, 200).subarray(0, 300) },
    /expected a whole PNG image/,
  ],
  ['a JPEG of 4 bytes', { 'a.jpg': Buffer.from('ffd8ffe0', 'hex') }, /expected a whole JPEG image/],
  [
    'a WebP of 16 bytes',
    { 'a.webp': Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1') },
    /whole WebP image/,
  ],
  [
    'a row without a picture',
    { ...good, 'metadata.jsonl': jsonl(row('lost.png')) },
    /metadata\.jsonl, row 1: expected the image lost\.png, found no such file/,
  ],
  [
    'a row that climbs out',
    { ...good, 'metadata.jsonl': jsonl(row('../../etc/passwd')) },
    /row 1: expected a file_name below the metadata file.*found "\.\.\/\.\.\/etc\/passwd"/,
  ],
  [
    'a row that climbs out later',
    { ...good, 'metadata.jsonl': jsonl(row('x/../../a.png')) },
    /without \.\./,
  ],
  [
    'an absolute path',
    { ...good, 'metadata.jsonl': jsonl(row('/etc/passwd')) },
    /found "\/etc\/passwd"/,
  ],
  ['a path of Windows', { ...good, 'metadata.jsonl': jsonl(row('C:\\a.png')) }, /found "C:/],
  [
    'a URL',
    { ...good, 'metadata.jsonl': jsonl(row('file:///etc/passwd')) },
    /found "file:\/\/\/etc/,
  ],
  [
    'a NUL in a path',
    { ...good, 'metadata.jsonl': jsonl(row('a\0.png')) },
    /row 1.*found "a\\u0000\.png"/,
  ],
  [
    'a path that is a number',
    { ...good, 'metadata.jsonl': jsonl(row(7)) },
    /found 7\. Columns: file_name, text/,
  ],
  [
    'a path that is a folder',
    { 'x/a.png': png(), 'metadata.jsonl': jsonl(row('x')) },
    /expected the image x, a file, found none/,
  ],
  [
    'no path',
    { ...good, 'metadata.jsonl': jsonl({ ...row(null) }) },
    /found none\. Columns: file_name, text/,
  ],
  [
    'no column file_name',
    { ...good, 'metadata.jsonl': jsonl({ file: 'a.png', text: 'x' }) },
    /expected a column 'file_name'.*found the columns file, text/,
  ],
  [
    'no column of captions',
    { ...good, 'metadata.jsonl': jsonl({ file_name: 'good.png', title: 'x' }) },
    /a column of captions \(text, caption, captions, prompt\), found the columns file_name, title/,
  ],
  [
    'a column that is not there',
    { ...good, 'metadata.jsonl': jsonl(row('good.png')) },
    /a column of captions 'blurb', found the columns file_name, text/,
    { captionColumn: 'blurb' },
  ],
  [
    'a caption that is a number',
    { ...good, 'metadata.jsonl': jsonl(row('good.png', 5)) },
    /row 1: expected a caption in column 'text', a text or a list .* found 5/,
  ],
  [
    'a caption that is null',
    { ...good, 'metadata.jsonl': jsonl(row('good.png', null)) },
    /found none\. Columns/,
  ],
  [
    'an empty list of captions',
    { ...good, 'metadata.jsonl': jsonl(row('good.png', [])) },
    /found an empty list/,
  ],
  [
    'a list with a number',
    { ...good, 'metadata.jsonl': jsonl(row('good.png', ['a', 1])) },
    /found 1\./,
  ],
  [
    'a million captions',
    { ...good, 'metadata.jsonl': jsonl(row('good.png', Array(1000).fill('a'))) },
    /found a list of 1000/,
  ],
  [
    'a caption of 20,000 letters',
    { ...good, 'metadata.jsonl': jsonl(row('good.png', 'a'.repeat(20_000))) },
    /found one of 20000 characters/,
  ],
  [
    '50 MB in a line of JSON',
    { ...good, 'metadata.jsonl': `{"file_name": "${'a'.repeat(50e6)}` },
    /row 1: expected a line of at most 1048576 bytes/,
  ],
  [
    '50 MB in a field of CSV',
    { ...good, 'metadata.csv': `file_name,text\ngood.png,"${'a'.repeat(50e6)}` },
    /metadata\.csv, row 1: expected a record of CSV/,
  ],
  [
    'JSON that is none',
    { ...good, 'metadata.jsonl': '{"file_name": "good.png", \n' },
    /metadata\.jsonl, row 1: expected a JSON object on one line/,
  ],
  [
    'a JSON array',
    { ...good, 'metadata.jsonl': '[1, 2]\n' },
    /row 1: expected a JSON object on one line, found \[1,2\]/,
  ],
  [
    'the third line is bad',
    { ...good, 'metadata.jsonl': jsonl(row('good.png'), row('good.png')) + 'x' },
    /row 3/,
  ],
  [
    'metadata that is not UTF-8',
    { ...good, 'metadata.jsonl': Buffer.from([0x7b, 0xff, 0x7d]) },
    /bytes that are not UTF-8/,
  ],
  [
    'an empty metadata.jsonl',
    { ...good, 'metadata.jsonl': '' },
    /expected at least one image in split 'train', found none/,
  ],
  [
    'CSV with a field too many',
    { ...good, 'metadata.csv': 'file_name,text\ngood.png,a,b\n' },
    /row 1: expected a record of CSV with 2 fields/,
  ],
  [
    'CSV with an open quote',
    { ...good, 'metadata.csv': 'file_name,text\ngood.png,"a\n' },
    /between double quotes/,
  ],
  [
    'a column twice',
    { ...good, 'metadata.csv': 'file_name,text,text\ngood.png,a,b\n' },
    /'text' twice/,
  ],
  [
    'metadata of two kinds',
    { ...good, 'metadata.csv': 'file_name,text\n', 'metadata.jsonl': '' },
    /metadata files of one kind.*found \.csv and \.jsonl/,
  ],
  [
    'parquet that is none',
    { 'x.parquet': 'PAR1 is not enough' },
    /x\.parquet: expected a parquet file \(PAR1 … PAR1\)/,
  ],
  ['parquet of 0 bytes', { 'x.parquet': '' }, /expected a parquet file/],
  [
    'parquet with a footer too long',
    { 'x.parquet': Buffer.from('PAR1\xff\xff\xff\x7fPAR1', 'latin1') },
    /expected a parquet file/,
  ],
  [
    'metadata.parquet that is none',
    { ...good, 'metadata.parquet': 'hello, I am no table' },
    /metadata\.parquet: expected a parquet file/,
  ],
  [
    'a text beside one picture only',
    { 'a.png': png(), 'b.png': png(), 'a.txt': 'x' },
    /b\.png: expected a caption in b\.txt/,
  ],
  [
    'an empty text beside a picture',
    { 'a.png': png(), 'a.txt': ' \n' },
    /^a\.txt: expected a caption on each of up to 100 lines, found no text\.$/,
  ],
  [
    'a text of too many lines beside a picture',
    { 'a.png': png(), 'a.txt': 'x\n'.repeat(101) },
    /^a\.txt: expected a caption on each of up to 100 lines, found 101 of them\.$/,
  ],
  [
    'a text of 1 MB beside a picture',
    { 'a.png': png(), 'a.txt': 'a'.repeat(1e6) },
    /a text of captions of at most 65536 bytes, found 1000000 bytes/,
  ],
  [
    'a text that is an image',
    { 'a.png': png(), 'a.txt': png() },
    /a\.txt: expected a text in UTF-8/,
  ],
  [
    'a tar that climbs out',
    tar(['../x.png', png()], ['../x.txt', 'x']),
    /x\.tar, \.\.\/x\.png: expected a member below the folder/,
  ],
  ['a tar with an absolute path', tar(['/etc/x.png', png()]), /expected a member below the folder/],
  [
    'a tar with a link',
    tar(['1.png', '/etc/passwd', 'symlink']),
    /x\.tar, 1\.png: expected a file, found a symlink/,
  ],
  [
    'a tar without captions',
    tar(['1.png', png()]),
    /x\.tar, 1: expected a caption in a field txt or json, found the fields png/,
  ],
  [
    'a tar without pictures',
    tar(['1.txt', 'x']),
    /expected a field with an image .* found the fields txt/,
  ],
  [
    'a tar with a field twice',
    tar(['1.png', png()], ['1.png', png()]),
    /the field 'png' once, found twice/,
  ],
  [
    'a tar with JSON that is none',
    tar(['1.png', png()], ['1.json', '{']),
    /x\.tar, 1: expected a JSON object/,
  ],
  ['a tar that is none', { 'x.tar': 'a'.repeat(2000) }, /x\.tar: expected a whole tar/],
  [
    'half a tar',
    async () => ({ 'x.tar': (await tarOf([['1.png', png([1, 2, 3], 90, 90)]])).subarray(0, 600) }),
    /x\.tar/,
  ],
  [
    'a split that is not there',
    { 'train/a.png': png(), 'test/b.png': png() },
    /expected the split 'validation', found the splits train, test/,
    { split: 'validation' },
  ],
  ['metadata of another name', { 'x.txt': '', 'metadata.json1': '' }, /other files/],
];

describe('is refused with its own words', () => {
  it.each(cases.map((one) => [one[0], one] as const))('%s', async (_, one) => {
    const [, files, says, options = {}] = one;
    const folder = folderOf(typeof files === 'function' ? await files() : files);
    const error: unknown = await loadImageFolder(folder, { size: 8, ...options }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(DatasetError);
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message.length).toBeLessThan(1000);
    expect((error as Error).message).not.toContain('\n');
  });

  it('a folder that is not there, and a file', async () => {
    await expect(loadImageFolder('/nowhere/at all', { size: 8 })).rejects.toThrow(
      '/nowhere/at all: expected a folder, found nothing of that name. Relative paths begin at',
    );
    const folder = folderOf(good);
    const file = path.join(folder, 'good.png');
    await expect(loadImageFolder(file, { size: 8 })).rejects.toThrow(
      'expected a folder, found a file',
    );
  });

  it.each([
    [{}, /size: expected a number of pixels/],
    [{ size: 0 }, /size: expected/],
    [{ size: 8, sise: 9 }, /sise: unknown option/],
    [{ size: 8, onError: 'ignore' }, /onError: expected 'raise' or 'skip', got "ignore"/],
    [{ size: 8, background: [300, 0, 0] }, /background: expected three integers from 0 to 255/],
    [{ size: 8, interpolation: 'cubic' }, /interpolation: expected one of/],
    [{ size: 8, channels: 4 }, /channels: expected 3 \(colour\) or 1 \(grey\)/],
  ])('the options %j', async (options, says) => {
    const folder = folderOf(good);
    await expect(loadImageFolder(folder, options as ImageFolderOptions)).rejects.toThrow(says);
  });
});

describe('a bad one among good ones', () => {
  const COUNT = 300;
  let folder: string;
  beforeAll(() => {
    const pictures = Array.from({ length: COUNT }, (_, i) => [
      `${1000 + i}.png`,
      png([i % 256, 0, 0]),
    ]);
    folder = folderOf(Object.fromEntries(pictures) as Files);
    writeFileSync(path.join(folder, '1123.png'), png().subarray(0, 60));
  });

  it('raises by its name, the same each time', async () => {
    for (let i = 0; i < 3; i++) {
      await expect(loadImageFolder(folder, { size: 8 })).rejects.toThrow(
        /^1123\.png: expected a whole PNG/,
      );
    }
  });

  it('is skipped and counted, and all others stay in order', async () => {
    const { length, images, report } = await loadImageFolder(folder, { size: 8, onError: 'skip' });
    expect(length).toBe(COUNT - 1);
    expect(report.skipped).toBe(1);
    expect(report.problems[0]).toMatch(/^1123\.png/);
    expect(String(report)).toContain('skipped: 1 sample');
    const reds = Array.from({ length }, (_, i) => images.get(i, 4, 4, 0));
    const expected = Array.from({ length: COUNT }, (_, i) => i % 256);
    expected.splice(123, 1);
    expect(reds).toEqual(expected);
  });

  it('leaves nothing if all are bad', async () => {
    const bad = folderOf({ 'a.png': 'x', 'b.png': 'y' });
    await expect(loadImageFolder(bad, { size: 8, onError: 'skip' })).rejects.toThrow(
      /expected at least one image in split 'train', found 2 that cannot be read: a\.png: expected/,
    );
  });
});

describe('odd, but all right', () => {
  it('names with newlines, quotes, spaces, and emoji', async () => {
    const names = ['a\nb.png', `"q".png`, ' lead.png', '🦊.png', 'très long.png'];
    const folder = folderOf({
      ...Object.fromEntries(names.map((name) => [name, png()])),
      'metadata.jsonl': jsonl(...names.map((name) => row(name, name))),
    });
    const { length, captions } = await loadImageFolder(folder, { size: 8 });
    expect(length).toBe(names.length);
    expect(captions).toEqual(names.map((name) => name.trim()));
  });

  it('a message about a name with a newline is one line', async () => {
    const folder = folderOf({ 'a\nb.png': 'x' });
    await expect(loadImageFolder(folder, { size: 8 })).rejects.toThrow(
      /^"a\\nb\.png": expected an image/,
    );
  });

  it('a link to a folder above is not followed', async () => {
    const folder = folderOf(good);
    symlinkSync('..', path.join(folder, 'loop'));
    mkdirSync(path.join(folder, 'x'));
    symlinkSync('../x', path.join(folder, 'x', 'x'));
    expect((await loadImageFolder(folder, { size: 8 })).length).toBe(1);
  });

  it('keys of JSON like __proto__ do nothing', async () => {
    const line = '{"__proto__": {"polluted": 1}, "file_name": "good.png", "text": "x"}\n';
    const folder = folderOf({ ...good, 'metadata.jsonl': line });
    await loadImageFolder(folder, { size: 8 });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('a stop breaks it off', async () => {
    const folder = folderOf(
      Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}.png`, png()])),
    );
    const controller = new AbortController();
    const loading = loadImageFolder(folder, {
      size: 8,
      signal: controller.signal,
      onProgress: (images) => images === 10 && controller.abort(new Error('stopped')),
    });
    await expect(loading).rejects.toThrow('stopped');
  });

  it('reads no picture that is removed in the meantime, and says so', async () => {
    const folder = folderOf({ ...good, 'metadata.jsonl': jsonl(row('good.png'), row('gone.png')) });
    rmSync(path.join(folder, 'gone.png'), { force: true });
    await expect(loadImageFolder(folder, { size: 8 })).rejects.toThrow(
      /row 2: expected the image gone\.png/,
    );
  });
});

it('a bomb takes no memory', async () => {
  const folder = folderOf({ 'a.png': pngWithHeader(16_000, 16_000), 'b.png': png() });
  const before = process.resourceUsage().maxRSS; // kB, the most so far
  const { report } = await loadImageFolder(folder, { size: 8, onError: 'skip' });
  expect(report.skipped).toBe(1);
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
});
