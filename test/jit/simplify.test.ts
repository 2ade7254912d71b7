import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { ProtobufWriter } from '../../lib/backend/node/graph/protobuf';
import { trace } from '../../lib/backend/node/graph/tracer';
import { numbers } from './op-cases';

afterEach(() => {
  tf.disposeVariables();
});

/** The ops that the function's graph is left with, without inputs, variables and constants. */
function opsOf(run: (x: tf.Tensor) => unknown, shape = [2, 3, 4]): string[] {
  const inputs = [{ shape, dtype: 1 }];
  const options = { precision: 'float32', xla: false } as const;
  const { graph, outputs } = trace('test', inputs, ([x]) => run(x as tf.Tensor), options);
  return graph
    .reachable(outputs.map(({ node }) => node))
    .map(({ op }) => op)
    .filter((op) => !['Input', 'Const', 'Variable'].includes(op));
}

describe('a graph is left without', () => {
  it.each<[string, (x: tf.Tensor) => unknown, string[]]>([
    ['ops that nothing needs', (x) => (tf.exp(x), tf.sin(x)), ['Sin']],
    ['a second equal op', (x) => tf.add(tf.mul(x, 2), tf.mul(x, 2)), ['Mul', 'Add']],
    ['reshapes that cancel', (x) => tf.reshape(tf.reshape(x, [6, 4]), [2, 3, 4]), []],
    ['a reshape of a reshape', (x) => tf.reshape(tf.expandDims(x, 0), [24]), ['Reshape']],
    ['transposes that cancel', (x) => tf.transpose(tf.transpose(x, [1, 0, 2]), [1, 0, 2]), []],
    [
      'a transpose of a transpose',
      (x) => tf.transpose(tf.transpose(x, [1, 0, 2]), [0, 2, 1]),
      ['Transpose'],
    ],
    [
      'a transpose that moves nothing',
      (x) => tf.transpose(tf.expandDims(x, 2), [2, 0, 1, 3]),
      ['Reshape'],
    ],
    ['casts to the same dtype', (x) => tf.cast(x, 'float32'), []],
    [
      'tiles, pads and slices of nothing',
      (x) =>
        tf.slice(
          tf.pad(tf.tile(x, [1, 1, 1]), [
            [0, 0],
            [0, 0],
            [0, 0],
          ]),
          [0, 0, 0],
          [2, 3, 4],
        ),
      [],
    ],
    ['sums over axes of size 1', (x) => tf.sum(tf.expandDims(x, 1), 1), []],
    ['ops that depend on no input', (x) => tf.add(x, tf.exp(tf.ones([4]))), ['BiasAdd']],
  ])('%s', (_, run, ops) => {
    expect(opsOf(run)).toEqual(ops);
  });

  it('equal constants', () => {
    const inputs = [{ shape: [2], dtype: 1 }];
    const options = { precision: 'float32', xla: false } as const;
    const run = (x: tf.Tensor): tf.Tensor =>
      tf.div(tf.add(tf.mul(x, 3), tf.scalar(3)), tf.tensor1d([3, 4]));
    const { graph } = trace('test', inputs, ([x]) => run(x as tf.Tensor), options);
    expect(graph.nodes.filter(({ op }) => op === 'Const')).toHaveLength(2);
  });
});

it('holds a constant of equal elements as one element', () => {
  const inputs = [{ shape: [1], dtype: 1 }];
  const options = { precision: 'float32', xla: false } as const;
  const run = (x: tf.Tensor): tf.Tensor => tf.add(x, tf.fill([1000, 100], 7));
  const { graph, sources } = trace('test', inputs, ([x]) => run(x as tf.Tensor), options);
  expect(graph.nodes.find(({ op }) => op === 'Const')?.constant?.bytes).toHaveLength(4);
  expect(sources).toHaveLength(0);
  for (const dtype of ['float32', 'int32', 'bool'] as const) {
    const add = jit((x: tf.Tensor) =>
      tf.logicalOr(tf.cast(x, 'bool'), tf.cast(tf.fill([9, 9], 1, dtype), 'bool')),
    );
    expect([...add(tf.scalar(0)).dataSync()]).toEqual(Array<number>(81).fill(1));
  }
});

it.each([
  ['MatMul', (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, tf.ones([4, 3])), [2, 4]],
  ['BatchMatMulV2', (x: tf.Tensor) => tf.matMul(x, tf.ones([1, 4, 3])), [1, 2, 4]],
  ['BiasAdd', (x: tf.Tensor) => tf.add(x, tf.tensor1d([1, 2])), [3, 2]],
  ['BiasAddGrad', (x: tf.Tensor) => tf.sum(x, [0, 1]), [3, 2, 4]],
  ['Sum', (x: tf.Tensor) => tf.sum(x, [0, 2]), [3, 2, 4]],
  ['Sum', (x: tf.Tensor) => tf.sum(x, [0, 1], true), [3, 2, 4]],
  ['Add', (x: tf.Tensor) => tf.add(x, tf.tensor2d([[1, 2]])), [3, 2]],
])('uses %s where it fits', (op, run, shape) => {
  expect(opsOf(run, shape)).toEqual([op]);
  const x = numbers(...shape);
  expect(jit(run)(x).dataSync()).toBeCloseToMax(run(x).dataSync(), 1e-6);
});

it('writes protobuf as its specification says', () => {
  const bytes = new ProtobufWriter()
    .int(1, 150)
    .int(2, -1)
    .int(3, 2 ** 40)
    .string(4, 'é')
    .float(5, 1)
    .message(16, (message) => message.data(1, Uint8Array.of(0, 255)))
    .finish();
  const hex = Buffer.from(bytes).toString('hex');
  const fields = [
    '089601',
    '10ffffffffffffffffff01',
    '18808080808020',
    '2202c3a9',
    '2d0000803f',
    '8201040a0200ff',
  ];
  expect(hex).toBe(fields.join(''));
});
