import { describe, expect, test } from 'vitest';
import { parseSafetensors } from '../../../lib/io/safetensors';
import { entry, file } from './bytes';

describe('a file that may look wrong loads', () => {
  test.each([
    ['an empty header', file('{}      '), 0],
    ['an unpadded header', file('{}'), 0],
    ['space before the header', file(`  \t\r\n{${entry('a')}}`, 4), 1],
    ['keys in another order', file('{"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}', 4), 1],
    ['metadata of null', file(`{"__metadata__":null,${entry('a')}}`, 4), 1],
    ['a size of zero', file(`{${entry('a', '"F32"', '[2,0]', '[0,0]')}}`), 1],
    [
      'two of size zero',
      file(`{${entry('a', '"F32"', '[0]', '[0,0]')},${entry('b', '"F32"', '[0]', '[0,0]')}}`),
      2,
    ],
    ['a scalar', file(`{${entry('a', '"F32"', '[]')}}`, 4), 1],
    ['F4 in whole bytes', file(`{${entry('a', '"F4"', '[2,4]')}}`, 4), 1],
  ])('%s', (_, bytes, count) => {
    expect(parseSafetensors(bytes).tensors.size).toBe(count);
  });

  test('names of Object.prototype are names', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const header = names.map((name, i) => entry(name, '"U8"', '[1]', `[${i},${i + 1}]`)).join();
    const metadata = '"__metadata__":{"__proto__":"x"}';
    const parsed = parseSafetensors(file(`{${metadata},${header}}`, 3));
    expect([...parsed.tensors.keys()]).toEqual(names);
    expect(Object.entries(parsed.metadata)).toEqual([['__proto__', 'x']]);
  });
});
