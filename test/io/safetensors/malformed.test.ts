import { describe, expect, test } from 'vitest';
import {
  SafetensorsError,
  parseSafetensors,
  serializeSafetensors,
  type SafetensorsErrorCode,
  type SafetensorsTensor,
} from '../../../lib/io/safetensors';
import { entry, file } from './bytes';

function caught(run: () => unknown): SafetensorsError {
  try {
    run();
  } catch (error) {
    if (error instanceof SafetensorsError) return error;
    throw error;
  }
  throw new Error('expected a SafetensorsError, got none');
}

type Case = [what: string, bytes: Uint8Array, code: SafetensorsErrorCode, tensor?: string];

// safetensors/src/tensor.rs, mod tests, and attacks/
const referenceCases: Case[] = [
  ['no bytes', new Uint8Array(0), 'HeaderTooSmall'],
  ['seven bytes', new Uint8Array(7), 'HeaderTooSmall'],
  ['a header too large', file('', 0, 0xffffff000000003cn), 'HeaderTooLarge'],
  ['a header just too large', file('', 0, 100_000_001n), 'HeaderTooLarge'],
  ['a length without header', file('', 0, 60n), 'InvalidHeaderLength'],
  ['a length beyond a small file', file('{}', 100, 1000n), 'InvalidHeaderLength'],
  ['a header that is no UTF-8', file(Uint8Array.of(0xff)), 'InvalidHeader'],
  ['a header that is no JSON', file('{'), 'InvalidHeaderDeserialization'],
  [
    'ten tensors of the same bytes',
    file(
      `{${Array.from({ length: 10 }, (_, i) => entry(`t${i}`, '"F32"', '[4]', '[0,16]')).join()}}`,
      16,
    ),
    'InvalidOffset',
    't1',
  ],
  ['something appended', file(`{${entry('a')}}`, 4 + 34), 'MetadataIncompleteBuffer'],
  ['two bytes missing', file(`{${entry('a')}}`, 2), 'MetadataIncompleteBuffer'],
  [
    'too few bytes for the shape',
    file(`{${entry('a', '"I32"', '[2,2]')}}`, 4),
    'TensorInvalidInfo',
    'a',
  ],
  [
    'a size of 2^65 − 4',
    file(`{${entry('a', '"I32"', '[2,18446744073709551614]', '[0,16]')}}`, 16),
    'ValidationOverflow',
    'a',
  ],
  [
    'a size of 2^64 − 2 elements',
    file(`{${entry('a', '"I32"', '[2,9223372036854775807]', '[0,16]')}}`, 16),
    'ValidationOverflow',
    'a',
  ],
  ['12 bits of F4', file(`{${entry('a', '"F4"', '[1,3]', '[0,1]')}}`, 1), 'MisalignedSlice', 'a'],
  ['F6 of 6 bits', file(`{${entry('a', '"F6_E2M3"', '[1]', '[0,1]')}}`, 1), 'MisalignedSlice', 'a'],
  ['a hole before', file(`{${entry('a', '"F32"', '[1]', '[4,8]')}}`, 8), 'InvalidOffset', 'a'],
  [
    'a hole between',
    file(`{${entry('a')},${entry('b', '"F32"', '[1]', '[8,12]')}}`, 12),
    'InvalidOffset',
    'b',
  ],
  [
    'an overlap',
    file(`{${entry('a')},${entry('b', '"F32"', '[1]', '[2,6]')}}`, 6),
    'InvalidOffset',
    'b',
  ],
  [
    'an end before its begin',
    file(`{${entry('a', '"F32"', '[1]', '[0,0]')},${entry('b', '"F32"', '[1]', '[4,0]')}}`, 4),
    'TensorInvalidInfo',
    'a',
  ],
  [
    'a backward tensor',
    file(`{${entry('a')},${entry('b', '"U8"', '[0]', '[4,3]')}}`, 4),
    'InvalidOffset',
    'b',
  ],
];

const wrong = 'InvalidHeaderDeserialization';
const strictCases: Case[] = [
  ['a tensor twice', file(`{${entry('a')},${entry('a')}}`, 4), wrong, 'a'],
  ['__metadata__ twice', file(`{"__metadata__":{},"__metadata__":{},${entry('a')}}`, 4), wrong],
  ['a metadata key twice', file('{"__metadata__":{"k":"1","k":"2"}}'), wrong],
  [
    'a field twice',
    file('{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
    wrong,
  ],
  ['metadata that is no string', file('{"__metadata__":{"k":1}}'), wrong],
  ['metadata that is a list', file('{"__metadata__":[]}'), wrong],
  ['the shape 1.0', file(`{${entry('a', '"F32"', '[1.0]')}}`, 4), wrong, 'a'],
  ['the offset 4e0', file(`{${entry('a', '"F32"', '[1]', '[0,4e0]')}}`, 4), wrong, 'a'],
  ['the shape 1e2', file(`{${entry('a', '"U8"', '[1e2]', '[0,100]')}}`, 100), wrong, 'a'],
  ['the offset -0', file(`{${entry('a', '"F32"', '[1]', '[-0,4]')}}`, 4), wrong, 'a'],
  ['the shape -1', file(`{${entry('a', '"F32"', '[-1]')}}`, 4), wrong, 'a'],
  ['the shape "1"', file(`{${entry('a', '"F32"', '["1"]')}}`, 4), wrong, 'a'],
  ['the shape 2^64', file(`{${entry('a', '"F32"', '[18446744073709551616]')}}`, 4), wrong, 'a'],
  [
    'the offset 2^53 + 1',
    file(`{${entry('a', '"U8"', '[1]', '[0,9007199254740993]')}}`, 1),
    'TensorInvalidInfo',
    'a',
  ],
  ['a leading zero', file(`{${entry('a', '"F32"', '[01]')}}`, 4), wrong],
  ['a leading plus', file(`{${entry('a', '"F32"', '[+1]')}}`, 4), wrong],
  ['hexadecimal', file(`{${entry('a', '"F32"', '[0x1]')}}`, 4), wrong],
  ['NaN', file(`{${entry('a', '"F32"', '[NaN]')}}`, 4), wrong],
  ['a shape of null', file(`{${entry('a', '"F32"', 'null')}}`, 4), wrong, 'a'],
  ['one offset', file(`{${entry('a', '"F32"', '[1]', '[4]')}}`, 4), wrong, 'a'],
  ['no offset', file(`{${entry('a', '"F32"', '[1]', '[]')}}`, 4), wrong, 'a'],
  ['three offsets', file(`{${entry('a', '"F32"', '[1]', '[0,4,4]')}}`, 4), wrong, 'a'],
  ['a dtype in small letters', file(`{${entry('a', '"f32"')}}`, 4), wrong, 'a'],
  ['a dtype of Object.prototype', file(`{${entry('a', '"toString"')}}`, 4), wrong, 'a'],
  ['a dtype that is no string', file(`{${entry('a', '7')}}`, 4), wrong, 'a'],
  ['a tensor that is a list', file('{"a":["F32",[1],[0,4]]}', 4), wrong, 'a'],
  ['a tensor that is null', file('{"a":null}', 4), wrong, 'a'],
  ['a field missing', file('{"a":{"dtype":"F32","shape":[1]}}', 4), wrong, 'a'],
  [
    'an unknown field',
    file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4),
    wrong,
    'a',
  ],
  ['a byte order mark', file(`\ufeff{${entry('a')}}`, 4), wrong],
  [
    'half a surrogate pair',
    file('{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    wrong,
  ],
  ['an unknown escape', file('{"\\x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), wrong],
  [
    'a line break in a name',
    file('{"\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    wrong,
  ],
  ['a string without end', file('{"a'), wrong],
  ['an escape without end', file('{"a\\'), wrong],
  ['a comma too many', file(`{${entry('a')},}`, 4), wrong],
  ['a comma missing', file(`{${entry('a')} ${entry('b', '"F32"', '[0]', '[4,4]')}}`, 4), wrong],
  ['a comment', file(`{/**/${entry('a')}}`, 4), wrong],
  ['a zero byte after the header', file(`{${entry('a')}}\0`, 4), wrong],
  ['a second value', file('{}{}'), wrong],
  ['a list', file('[]'), wrong],
  ['a word', file('true'), wrong],
  ['a broken word', file('nul'), wrong],
  ['a number', file('12'), wrong],
  ['nothing but space', file('   '), wrong],
  ['no header', file(''), wrong],
  ['nesting without end', file(`{"a":${'['.repeat(100_000)}`), wrong],
  ['a number of 100,000 digits', file(`{"a":${'9'.repeat(100_000)}}`), wrong],
];

describe('a malformed file', () => {
  test.each([...referenceCases, ...strictCases])('%s', (_, bytes, code, tensor) => {
    const error = caught(() => parseSafetensors(bytes, 'weights.safetensors'));
    expect(error.code).toBe(code);
    expect(error.fileName).toBe('weights.safetensors');
    expect(error.message).toContain('weights.safetensors');
    expect(error.message).toContain(`(${code})`);
    if (tensor !== undefined) expect(error.tensorName).toBe(tensor);
    expect(error.message.length).toBeLessThan(500);
  });

  test('says what was expected and found', () => {
    const bytes = file(`{${entry('conv_in.weight', '"F32"', '[2,3]', '[0,20]')}}`, 20);
    expect(() => parseSafetensors(bytes, 'unet.safetensors')).toThrow(
      'safetensors file unet.safetensors, tensor "conv_in.weight": expected 24 bytes for F32 of ' +
        'shape [2, 3], found 20 bytes at [0, 20] (TensorInvalidInfo).',
    );
  });

  test('of 100,000 aliased tensors is refused', () => {
    const names = Array.from({ length: 100_000 }, (_, i) =>
      entry(`t${i}`, '"F32"', '[4]', '[0,16]'),
    );
    const bytes = file(`{${names.join()}}`, 16);
    expect(caught(() => parseSafetensors(bytes)).code).toBe('InvalidOffset');
  });

  test('made by chance throws a SafetensorsError or loads, 20,000 times', () => {
    const good = serializeSafetensors(
      new Map<string, SafetensorsTensor>([
        ['a', { dtype: 'F32', shape: [2, 1], data: new Uint8Array(8) }],
        ['b', { dtype: 'U8', shape: [3], data: new Uint8Array(3) }],
        ['c', { dtype: 'I64', shape: [], data: new Uint8Array(8) }],
      ]),
      { format: 'pt' },
    );
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (let i = 0; i < 20_000; i++) {
      let bytes: Uint8Array = Uint8Array.from(good);
      for (let edits = random(3); edits >= 0; edits--) {
        const at = random(bytes.length);
        const kind = random(4);
        if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        else if (kind === 1) bytes[at] = random(256);
        else if (kind === 2) bytes = bytes.slice(0, at);
        else bytes = Buffer.concat([bytes.subarray(0, at), good.subarray(random(good.length))]);
      }
      try {
        parseSafetensors(bytes);
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(10_000);
  });
});
