/** What `precision: 'bfloat16'` makes of a graph: casts at its edges, none between ops that read and give bfloat16. */
import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { typeAttribute, updateInPlace, useFusedOps } from '../../lib/backend/node';
import { bfloat16Support } from '../../lib/backend/node/bfloat16';
import { ProtobufWriter } from '../../lib/backend/node/graph/protobuf';
import { makeProgram } from '../../lib/backend/node/graph/session-graph';
import { trace } from '../../lib/backend/node/graph/tracer';
import { variableAccess } from '../../lib/backend/node/graph/variable-access';
import { jit, JitSession } from '../../lib/jit';
import { geglu } from '../../lib/nn/activations';
import { multiHeadSelfAttention } from '../../lib/nn/attention';
import { linear } from '../../lib/nn/linear';
import { layerNorm } from '../../lib/nn/normalization';
import { randn } from '../../lib/random';

const normal = (shape: number[], i: number) => randn(shape, [3, i]);
const weight = (out: number, inputs: number, i: number) =>
  tf.tidy(() => tf.mul(normal([out, inputs], i), 1 / Math.sqrt(inputs)) as tf.Tensor2D);

function opsOf(run: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): string[] {
  const lowered = jit(run, { precision: 'bfloat16' });
  const ops = lowered.profile(undefined, ...inputs).map(({ op }) => op);
  lowered.dispose();
  return ops;
}

const casts = (ops: readonly string[]) => ops.filter((op) => op === 'Cast').length;

it('a transformer block casts what it reads, its weights and its result', () => {
  tf.tidy(() => {
    const block = (
      x: tf.Tensor,
      qkv: tf.Tensor,
      out: tf.Tensor,
      up: tf.Tensor,
      down: tf.Tensor,
    ) => {
      const attended = multiHeadSelfAttention(linear(x, qkv as tf.Tensor2D) as tf.Tensor3D, 4);
      const projected = linear(attended, out as tf.Tensor2D);
      return linear(geglu(linear(projected, up as tf.Tensor2D)), down as tf.Tensor2D);
    };
    const inputs = [
      normal([2, 9, 32], 0),
      weight(96, 32, 1),
      weight(32, 32, 2),
      weight(128, 32, 3),
      weight(32, 64, 4),
    ];
    expect(casts(opsOf(block, inputs))).toBe(inputs.length + 1);
  });
});

it('a normalization reads float32 and gives bfloat16', () => {
  tf.tidy(() => {
    const run = (x: tf.Tensor, gamma: tf.Tensor, w: tf.Tensor) =>
      linear(layerNorm(x, gamma as tf.Tensor1D, gamma as tf.Tensor1D, 1e-5), w as tf.Tensor2D);
    const ops = opsOf(run, [normal([9, 32], 0), normal([32], 1), weight(48, 32, 2)]);
    expect(ops.filter((op) => op !== 'Reshape')).toEqual([
      'SdmLayerNorm',
      'Cast', // the weight
      'MatMul',
      'Cast',
    ]);
  });
});

it('a product adds its bias by itself where oneDNN has bfloat16, and rounds the sum once', () => {
  tf.tidy(() => {
    const run = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
      linear(x, w as tf.Tensor2D, b as tf.Tensor1D);
    // 1 + 2^-8 is no bfloat16, and would be rounded down to 1 before the bias takes 1 away.
    const [x, w] = [tf.tensor2d([[1, 2 ** -8]]), tf.tensor2d([[1, 1]])];
    const inputs = [x, w, tf.tensor1d([-1])] as const;
    const fused = bfloat16Support().isThere;
    expect(opsOf(run, [...inputs]).includes('_FusedMatMul')).toBe(fused);
    const lowered = jit(run, { precision: 'bfloat16' });
    expect(lowered(...inputs).dataSync()[0]).toBe(fused ? 2 ** -8 : 0);
    lowered.dispose();
  });
});

it('nothing of it is in a graph of float32', () => {
  tf.tidy(() => {
    const run = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
      linear(x, w as tf.Tensor2D, b as tf.Tensor1D);
    const exact = jit(run);
    const inputs = [normal([9, 32], 0), weight(48, 32, 2), normal([48], 1)] as const;
    const ops = exact.profile(undefined, ...inputs).map(({ op }) => op);
    expect(ops).toEqual(['MatMul', 'BiasAdd']);
    exact.dispose();
  });
});

describe.each(['sessions of their own', 'one session'])(
  'a variable that graphs read rounded, in %s',
  (how) => {
    it('is what it is after each change: outside, by an assignment, in place', () => {
      const session = how === 'one session' ? { session: new JitSession() } : {};
      const w = tf.variable(weight(16, 32, 1));
      const x = normal([8, 32], 2) as tf.Tensor2D;
      const product = (x: tf.Tensor) => linear(x, w as tf.Tensor2D);
      const rounded = jit(product, { precision: 'bfloat16', ...session });
      const double = jit(() => w.assign(tf.mul(w, 2)), session);
      const subtract = jit((by: tf.Tensor) => {
        const attributes = [typeAttribute('T', 'float32')];
        const op = 'ResourceApplyGradientDescent';
        expect(updateInPlace(op, [w], [tf.scalar(1), by], attributes)).toBe(true);
      }, session);
      const expectPresent = () => {
        const [actual, exact] = [rounded(x), product(x)];
        expect(actual.dataSync()).toBeCloseToMax(exact.dataSync(), 1e-2);
        tf.dispose([actual, exact]);
      };
      const ones = tf.ones(w.shape);
      for (let round = 0; round < 3; round++) {
        expectPresent();
        subtract(ones);
        expectPresent();
        subtract(ones);
        subtract(ones);
        expectPresent();
        double();
        expectPresent();
        tf.tidy(() => w.assign(weight(16, 32, round + 3)));
        expectPresent();
      }
      for (const f of [rounded, double, subtract]) f.dispose();
      tf.dispose([w, x, ones]);
    });
  },
);

/** How many nodes of an op a session's graph has. */
function countOf(op: string, run: (...inputs: tf.Tensor[]) => unknown, inputs: tf.Tensor[]) {
  const specs = inputs.map(({ shape }) => ({ shape, dtype: 1 }));
  const traced = trace('test', specs, (given) => run(...given), {
    precision: 'bfloat16',
    xla: false,
  });
  const slots = traced.sources.map((source, i) => ({
    name: `variable${i}`,
    source,
    spec: { shape: source.shape, dtype: 1 },
    assigned: false,
    held: undefined,
    away: undefined,
  }));
  const { nodes } = makeProgram('test', 'graph', traced, slots, variableAccess());
  const asNode = new ProtobufWriter().string(2, op).finish(); // NodeDef's field 2
  return (
    Buffer.from(nodes).toString('latin1').split(Buffer.from(asNode).toString('latin1')).length - 1
  );
}

it('weights are cast outside of a graph that changes none, and inside of one that does', () => {
  tf.tidy(() => {
    const [w, x] = [tf.variable(weight(16, 32, 1)), normal([8, 32], 2)];
    const run = (x: tf.Tensor) => linear(x, w as tf.Tensor2D);
    const change = (x: tf.Tensor) => {
      const y = run(x);
      w.assign(tf.mul(w, 2));
      return y;
    };
    expect([countOf('Cast', run, [x]), countOf('MatMul', run, [x])]).toEqual([2, 1]);
    expect(countOf('Cast', change, [x])).toBe(3);
    useFusedOps(false);
    expect(countOf('Cast', run, [x])).toBe(3);
    useFusedOps(true);
    w.dispose();
  });
});
