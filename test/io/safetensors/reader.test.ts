import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWeights, ShardIndexError } from '../../../lib/io/safetensors/sharded';
import {
  fromFloat32Array,
  SafetensorsReader,
  toFloat32Array,
  writeSafetensors,
} from '../../../lib/io/safetensors';
import { peakMemory } from '../../support/peak-memory';
import { withFailingCall } from '../../support/failing-fs';
import { figure, times } from '../../support/soak';
import { entry, file } from './bytes';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reader-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => path.join(folder, name);
const tensor = (...numbers: number[]) =>
  fromFloat32Array(Float32Array.from(numbers), [numbers.length]);

describe('SafetensorsReader', () => {
  it('reads a file of more than 2 GiB tensor by tensor', () => {
    // The large tensor is a hole in the file: it takes no disk.
    const large = 2 ** 31 + 4096;
    const header =
      `{"large":{"dtype":"U8","shape":[${large}],"data_offsets":[0,${large}]},` +
      `"small":{"dtype":"F32","shape":[2],"data_offsets":[${large},${large + 8}]}}`;
    const start = file(header);
    writeFileSync(at('large.safetensors'), start);
    truncateSync(at('large.safetensors'), start.length + large + 8);
    const handle = openSync(at('large.safetensors'), 'r+');
    const { data } = tensor(1.5, -2);
    writeSync(handle, data, 0, 8, start.length + large);
    closeSync(handle);
    let small: Float32Array | undefined;
    const peak = peakMemory(() => {
      const reader = new SafetensorsReader(at('large.safetensors'));
      expect(reader.names).toEqual(['large', 'small']);
      expect(reader.info('large')).toEqual({ dtype: 'U8', shape: [large], bytes: large });
      small = toFloat32Array(reader.read('small'));
      reader.close();
    });
    expect([...small!]).toEqual([1.5, -2]);
    expect(peak).toBeLessThan(100e6);
    figure(
      'a tensor behind 2 GiB of another',
      `read with ${(peak! / 1e6).toFixed(1)} MB more memory`,
    );
  });

  it('reads many large tensors with the memory of one', () => {
    const [count, bytes] = [times(4, 22), times(8e6, 100e6)];
    const entries = Array.from({ length: count }, (_, i) =>
      entry(
        `t${String(i).padStart(2, '0')}`,
        '"F32"',
        `[${bytes / 4}]`,
        `[${i * bytes},${(i + 1) * bytes}]`,
      ),
    );
    const start = file(`{${entries.join()}}`);
    writeFileSync(at('many.safetensors'), start);
    truncateSync(at('many.safetensors'), start.length + count * bytes);
    const run = () => {
      const reader = new SafetensorsReader(at('many.safetensors'));
      for (const name of reader.names) {
        expect(reader.read(name).data.length).toBe(bytes);
        globalThis.gc?.();
      }
      reader.close();
    };
    const peak = peakMemory(run)!;
    figure(
      `a file of ${((count * bytes) / 1e9).toFixed(1)} GB in tensors of ${bytes / 1e6} MB`,
      `read tensor by tensor: peak ${(peak / 1e6).toFixed(0)} MB more memory`,
    );
    expect(peak).toBeLessThan(1.2e9);
  });

  it('checks the header before it reads a tensor, and frees the file', () => {
    writeFileSync(at('bad.safetensors'), file(`{${entry('a')}}`, 5));
    const { calls, error } = withFailingCall(
      0,
      '',
      () => new SafetensorsReader(at('bad.safetensors')),
    );
    expect(error).toMatchObject({ code: 'MetadataIncompleteBuffer', fileName: 'bad.safetensors' });
    expect(calls.at(-1)).toBe('closeSync');
  });

  it('tells of a missing tensor, a missing file, a file cut short meanwhile, a closed one', () => {
    expect(() => new SafetensorsReader(at('none.safetensors'))).toThrow(
      /none\.safetensors.*\(IoError\)/s,
    );
    writeSafetensors(at('a.safetensors'), new Map([['x', tensor(1, 2)]]));
    const reader = new SafetensorsReader(at('a.safetensors'));
    expect(() => reader.read('y')).toThrow(/tensor "y": .*\(TensorNotFound\)/);
    truncateSync(at('a.safetensors'), 70);
    expect(() => reader.read('x')).toThrow(/\(IoError\)/);
    reader.close();
    reader.close();
    expect(() => reader.read('x')).toThrow(/expected an open file/);
  });
});

describe('weights in several files', () => {
  const INDEX = 'model.safetensors.index.json';
  const shard = (i: number) => `model-0000${i}-of-00002.safetensors`;

  function writeShards(index: object = {}): void {
    writeSafetensors(
      at(shard(1)),
      new Map([
        ['a', tensor(1)],
        ['b', tensor(2, 3)],
      ]),
    );
    writeSafetensors(at(shard(2)), new Map([['c', tensor(4)]]));
    const weight_map = { a: shard(1), b: shard(1), c: shard(2) };
    writeFileSync(
      at(INDEX),
      JSON.stringify({ metadata: { total_size: 16 }, weight_map, ...index }),
    );
  }

  const open = () => openWeights(folder, 'model.safetensors');

  it('are read by their index', () => {
    writeShards();
    const weights = open();
    expect(weights.names).toEqual(['a', 'b', 'c']);
    expect(weights.names.map((name) => [...toFloat32Array(weights.read(name))])).toEqual([
      [1],
      [2, 3],
      [4],
    ]);
    weights.close();
    writeShards({ metadata: {} });
    open().close();
    writeFileSync(
      at(INDEX),
      `{"metadata":{"total_size":16.0},"weight_map":{"a":"${shard(1)}","b":"${shard(1)}","c":"${shard(2)}"}}`,
    );
    open().close();
  });

  it('are one file where there is one', () => {
    writeShards({ weight_map: 'broken' });
    writeSafetensors(at('model.safetensors'), new Map([['x', tensor(7)]]));
    const weights = open();
    expect(weights.names).toEqual(['x']);
    weights.close();
  });

  it.each([
    '../x.safetensors',
    '/etc/passwd',
    'a/../../x.safetensors',
    '..\\x.safetensors',
    'x\0.safetensors',
    '.hidden.safetensors',
    'model.bin',
    'C:\\x.safetensors',
    '',
  ])('never leave the folder: %j', (name) => {
    writeShards({ weight_map: { a: name, b: shard(1), c: shard(2) } });
    const { paths, error } = withFailingCall(0, '', open);
    expect(error).toBeInstanceOf(ShardIndexError);
    expect((error as Error).message).toMatch(
      /expected a plain file name that ends in \.safetensors/,
    );
    // nothing outside is even looked at
    expect([...paths].filter((seen) => !seen.startsWith(folder))).toEqual([]);
  });

  it('never leave it by a link, unless into the blobs of the same hub cache', () => {
    writeShards();
    const outside = mkdtempSync(path.join(tmpdir(), 'outside-'));
    writeSafetensors(path.join(outside, 'x'), new Map([['c', tensor(4)]]));
    rmSync(at(shard(2)));
    symlinkSync(path.join(outside, 'x'), at(shard(2)));
    expect(open).toThrow(/00002\.safetensors: a link that leaves the folder/);
    rmSync(outside, { recursive: true });

    const snapshot = path.join(folder, 'models--a--b', 'snapshots', 'abc', 'unet');
    const blobs = path.join(folder, 'models--a--b', 'blobs');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(blobs);
    writeSafetensors(path.join(blobs, 'f00d'), new Map([['c', tensor(4)]]));
    symlinkSync(path.join('..', '..', '..', 'blobs', 'f00d'), path.join(snapshot, 'm.safetensors'));
    writeFileSync(
      path.join(snapshot, INDEX),
      JSON.stringify({ weight_map: { c: 'm.safetensors' } }),
    );
    openWeights(snapshot, 'model.safetensors').close();
  });

  it('may lie in the store that huggingface_hub 2.4 keeps for all models of a cache', () => {
    const snapshot = path.join(folder, 'models--a--b', 'snapshots', 'abc');
    const blobs = path.join(folder, 'models--a--b', 'blobs');
    const store = path.join(folder, 'blobs', 'ab');
    for (const made of [snapshot, blobs, store]) mkdirSync(made, { recursive: true });
    writeSafetensors(path.join(store, 'abcd'), new Map([['c', tensor(4)]]));
    symlinkSync(path.join('..', '..', 'blobs', 'ab', 'abcd'), path.join(blobs, 'f00d'));
    symlinkSync(path.join('..', '..', 'blobs', 'f00d'), path.join(snapshot, 'm.safetensors'));
    writeFileSync(
      path.join(snapshot, INDEX),
      JSON.stringify({ weight_map: { c: 'm.safetensors' } }),
    );
    const openShared = () => openWeights(snapshot, 'model.safetensors');
    expect(openShared).toThrow(/m\.safetensors: a link that leaves the folder/); // not marked as a store
    writeFileSync(path.join(folder, 'blobs', '.huggingface-shared-blobs'), '1\n');
    const files = openShared();
    expect(files.names).toEqual(['c']);
    files.close();
  });

  it.each<[string, object, RegExp]>([
    [
      'a file is missing',
      { weight_map: { a: shard(1), b: shard(1), c: 'gone.safetensors' } },
      /gone\.safetensors: no such file/,
    ],
    [
      'a tensor is in another file',
      { weight_map: { a: shard(2), b: shard(1), c: shard(2) } },
      /"a": expected in model-00002.*found in model-00001/,
    ],
    [
      'a tensor is missing',
      { weight_map: { a: shard(1), b: shard(1), c: shard(2), d: shard(2) } },
      /"d": expected in .*, found in none/,
    ],
    [
      'a tensor is not in the index',
      { weight_map: { a: shard(1), c: shard(2) } },
      /"b" of model-00001.* is not in the index/,
    ],
    [
      'the size is another',
      { metadata: { total_size: 17 } },
      /total_size: expected 17 bytes of tensors, found 16/,
    ],
    ['there is no map', { weight_map: null }, /expected an object "weight_map"/],
    ['the map is empty', { weight_map: {} }, /expected tensors in "weight_map"/],
    ['the map holds numbers', { weight_map: { a: 1 } }, /expected a file's name for "a"/],
  ])('are refused if %s', (_, index, message) => {
    writeShards(index);
    expect(open).toThrow(ShardIndexError);
    expect(open).toThrow(message);
  });

  it('are refused if a tensor is in two files, or the index is no JSON or has a key twice', () => {
    writeShards();
    writeSafetensors(
      at(shard(2)),
      new Map([
        ['c', tensor(4)],
        ['a', tensor(1)],
      ]),
    );
    expect(open).toThrow(/"a" is both in model-00001-of-00002\.safetensors and in model-00002/);
    for (const text of ['{', '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', '\xff']) {
      writeFileSync(at(INDEX), Buffer.from(text, 'latin1'));
      expect(open).toThrow(ShardIndexError);
    }
  });

  it('read nothing that was not asked for', () => {
    writeShards();
    const weights = open();
    const { calls } = withFailingCall(0, '', () => weights.read('c'));
    expect(calls).toEqual(['readSync']);
    weights.close();
  });
});
