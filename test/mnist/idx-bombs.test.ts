import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { IdxError, readIdx } from '../../lib/mnist/idx';
import { loadMnist } from '../../lib/mnist/mnist';
import { peakMemory } from '../support/peak-memory';
import { figure, times } from '../support/soak';

const folder = mkdtempSync(path.join(tmpdir(), 'bombs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Members of gzip that follow each other unpack to one file. */
function bomb(megabytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(50e6));
  return Buffer.concat(Array.from({ length: megabytes / 50 }, () => member));
}

it.each(['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz'])(
  'a bomb in %s goes off small',
  (name) => {
    const megabytes = times(400, 1000);
    const file = path.join(folder, name);
    writeFileSync(file, bomb(megabytes));
    for (const other of ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz']) {
      if (other !== name) writeFileSync(path.join(folder, other), gzipSync(Buffer.alloc(100)));
    }
    let error: unknown;
    const peak = peakMemory(() => {
      try {
        loadMnist({ split: 'train', source: 'full', folder });
      } catch (thrown) {
        error = thrown;
      }
    })!;
    expect(error).toBeInstanceOf(IdxError);
    if (name.includes('images')) {
      expect((error as Error).message).toMatch(
        /train-images.*at most 67108864 bytes unpacked, found more/,
      );
    }
    expect(peak).toBeLessThan(200e6);
    figure(
      `a gzip bomb of ${megabytes} MB as ${name}`,
      `refused with ${(peak / 1e6).toFixed(0)} MB more memory`,
    );
  },
);

it('a web page that was saved as a data file is called what it is', () => {
  const file = path.join(folder, 'page.gz');
  writeFileSync(file, '<!doctype html><title>404</title>');
  expect(() => readIdx(file)).toThrow(
    'page.gz: expected gzip data (1f 8b …), found the bytes 3c 21 64 6f',
  );
});
