/** Random small programs of tfjs ops, the same for the same seed. */

import { tf } from '../../lib/backend';

export interface RandomProgram {
  readonly inputs: readonly tf.Tensor[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** What it does, a step a line, for a failing test's message. */
  readonly text: string;
}

/** A stream of whole numbers below a bound (mulberry32). */
type Pick = (bound: number) => number;

function picker(seed: number): Pick {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

interface Step {
  readonly text: string;
  readonly apply: (values: tf.Tensor[]) => tf.Tensor;
}

/** Makes a step from the shapes so far, or nothing if it does not fit them. */
type Maker = (pick: Pick, shapes: readonly number[][]) => Step | undefined;

const smooth: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  erf: tf.erf,
  sin: tf.sin,
  cos: tf.cos,
  softplus: tf.softplus,
  square: (x) => tf.square(tf.tanh(x)),
  sqrt: (x) => tf.sqrt(tf.add(tf.square(x), 1)),
  exp: (x) => tf.exp(tf.neg(tf.square(x))),
  log: (x) => tf.log(tf.add(tf.square(x), 1)),
  rsqrt: (x) => tf.rsqrt(tf.add(tf.square(x), 0.5)),
  softmax: (x) => tf.softmax(x),
  logSoftmax: (x) => tf.logSoftmax(x),
  relu: tf.relu,
  elu: tf.elu,
  abs: tf.abs,
  clip: (x) => tf.clipByValue(x, -0.7, 0.8),
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
};

const binary: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: (a, b) => tf.div(a, tf.add(tf.square(b), 1)),
  pow: (a, b) => tf.pow(tf.add(tf.square(a), 0.5), tf.tanh(b)),
  // tfjs's gradient of maximum wants equal shapes.
  maximum: (a, b) => tf.maximum(tf.add(a, tf.zerosLike(b)), tf.add(b, tf.zerosLike(a))),
};

const broadcasts = (a: readonly number[], b: readonly number[]): boolean =>
  [...a].reverse().every((size, i) => {
    const other = b[b.length - 1 - i] ?? 1;
    return size === other || size === 1 || other === 1;
  });

const at = <T>(list: readonly T[], index: number): T => list[index] as T;

const makers: Maker[] = [
  (pick, shapes) => {
    const [i, names] = [pick(shapes.length), Object.keys(smooth)];
    const name = at(names, pick(names.length));
    if (at(shapes, i).length === 0 && /soft(max|plus)|Softmax/.test(name)) return undefined;
    return { text: `${name}(${i})`, apply: (v) => smooth[name]?.(at(v, i)) as tf.Tensor };
  },
  (pick, shapes) => {
    const [i, j, names] = [pick(shapes.length), pick(shapes.length), Object.keys(binary)];
    const name = at(names, pick(names.length));
    if (!broadcasts(at(shapes, i), at(shapes, j))) return undefined;
    return {
      text: `${name}(${i}, ${j})`,
      apply: (v) => binary[name]?.(at(v, i), at(v, j)) as tf.Tensor,
    };
  },
  (pick, shapes) => {
    const [i, j] = [pick(shapes.length), pick(shapes.length)];
    const [a, b] = [at(shapes, i), at(shapes, j)];
    if (a.length !== 2 || b.length !== 2) return undefined;
    const [ta, tb] = [pick(2) === 1, pick(2) === 1];
    if (a[ta ? 0 : 1] !== b[tb ? 1 : 0]) return undefined;
    const text = `matMul(${i}, ${j}, ${ta}, ${tb})`;
    return { text, apply: (v) => tf.tanh(tf.matMul(at(v, i), at(v, j), ta, tb)) };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const rank = at(shapes, i).length;
    if (rank === 0) return undefined;
    const [axis, keep, reduce] = [pick(rank), pick(2) === 1, at([tf.sum, tf.mean], pick(2))];
    return {
      text: `reduce(${i}, ${axis}, ${keep})`,
      apply: (v) => tf.tanh(reduce(at(v, i), axis, keep)),
    };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const order = at(shapes, i).map((_, axis) => axis);
    if (order.length < 2) return undefined;
    const turned = [...order.slice(1), 0];
    return { text: `transpose(${i})`, apply: (v) => tf.transpose(at(v, i), turned) };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const shape = at(shapes, i);
    if (shape.length < 2) return undefined;
    const flat = pick(2) === 1 ? [-1, at(shape, shape.length - 1)] : [at(shape, 0), -1];
    return { text: `reshape(${i}, [${flat.join()}])`, apply: (v) => tf.reshape(at(v, i), flat) };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    if (at(shapes, i).length !== 2) return undefined;
    return { text: `concat(${i}, ${i})`, apply: (v) => tf.concat([at(v, i), tf.neg(at(v, i))], 1) };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const shape = at(shapes, i);
    if (shape.length !== 2 || at(shape, 0) < 2) return undefined;
    return {
      text: `pad and slice(${i})`,
      apply: (v) =>
        tf.slice(
          tf.pad(at(v, i), [
            [1, 1],
            [0, 2],
          ]),
          [1, 0],
          [at(shape, 0), at(shape, 1) + 1],
        ),
    };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const shape = at(shapes, i);
    if (shape.length !== 2) return undefined;
    const rows = [0, at(shape, 0) - 1, 0];
    return { text: `gather(${i})`, apply: (v) => tf.gather(at(v, i), tf.tensor1d(rows, 'int32')) };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const size = at(shapes, i).reduce((a, b) => a * b, 1);
    if (size !== 16) return undefined;
    const filter = tf.tensor4d([0.5, -0.3, 0.2, 0.7], [2, 2, 1, 1]);
    return {
      text: `conv2d(${i})`,
      apply: (v) =>
        tf.tanh(tf.conv2d(tf.reshape(at(v, i), [1, 4, 4, 1]) as tf.Tensor4D, filter, 1, 'same')),
    };
  },
  (pick, shapes) => {
    const i = pick(shapes.length);
    const size = at(shapes, i).reduce((a, b) => a * b, 1);
    if (size !== 16) return undefined;
    const [pool, resize] = [at([tf.avgPool, tf.maxPool], pick(2)), tf.image.resizeNearestNeighbor];
    return {
      text: `pool and resize(${i})`,
      apply: (v) => {
        const image = tf.reshape(at(v, i), [1, 4, 4, 1]) as tf.Tensor4D;
        return resize(pool(image, 2, 2, 'valid'), [4, 4]);
      },
    };
  },
];

/** A program of 4 to 13 steps over three inputs; its result is a scalar that depends on all of them. */
export function randomProgram(seed: number): RandomProgram {
  const pick = picker(seed);
  const shapeChoices = [[4, 4], [4, 4], [4], [1, 4], [2, 4], [4, 2], [2, 2, 4], []];
  const inputs = Array.from({ length: 3 }, () => {
    const shape = at(shapeChoices, pick(shapeChoices.length));
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: size }, () => pick(2001) / 1000 - 1);
    return tf.tensor(values, shape);
  });
  const shapes = inputs.map(({ shape }) => [...shape]);
  const steps: Step[] = [];
  const wanted = 4 + pick(10);
  while (steps.length < wanted) {
    const step = at(makers, pick(makers.length))(pick, shapes);
    if (!step) continue;
    const zeros = tf.tidy(() => step.apply(shapes.map((shape) => tf.zeros(shape))).shape);
    shapes.push([...zeros]);
    steps.push(step);
  }
  return {
    inputs,
    text: steps.map(({ text }, i) => `${inputs.length + i} = ${text}`).join('\n'),
    run: (...args) => {
      const values = [...args];
      for (const step of steps) values.push(step.apply(values));
      return tf.addN(values.map((value) => tf.mean(tf.square(value))));
    },
  };
}
