/**
 * One seeded, counter-based generator for everything random. A number depends only on the seed, the
 * stream's name and its position in that stream, never on what was drawn elsewhere before; so two runs
 * with the same seed agree, and a resumed run goes on exactly where it stopped.
 *
 * The numbers are those of TensorFlow's stateless ops (Philox, Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"), which are pure functions of a key of two int32: by the backend's kernels of these
 * names, or computed on the host (philox.ts).
 */
import { hasKernel, isTracing, runKernel, tf, type KernelAttributes } from '../backend';
import { normal, uniform, uniformInt } from './philox';
import { shown } from '../options';

/** Two int32, given as numbers or as an int32 tensor of shape [2] (inside a traced function). */
export type RandomKey = readonly [number, number] | tf.Tensor1D;

type KeyNumbers = readonly [number, number];

function keyTensor(key: RandomKey): tf.Tensor1D {
  return key instanceof tf.Tensor ? key : tf.tensor1d([key[0], key[1]], 'int32');
}

function keyNumbers(key: RandomKey): KeyNumbers {
  return key instanceof tf.Tensor ? (key.dataSync() as unknown as KeyNumbers) : key;
}

/** @param plain so many numbers for backends without that kernel */
function draw<R extends tf.Rank>(
  kernel: string,
  shape: tf.ShapeMap[R],
  key: RandomKey,
  plain: (key: KeyNumbers, count: number) => Float32Array | Int32Array,
  bounds: KernelAttributes = {},
): tf.Tensor<R> {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && size >= 0))
    throw new TypeError(`Expected a shape, such as [2, 3], got ${shown(shape)}.`);
  if (!(key instanceof tf.Tensor) && !(Array.isArray(key) && key.every(Number.isInteger))) {
    throw new TypeError(
      `Expected a random key, as new Generator(seed).stream('noise').next() gives it, got ${shown(key)}.`,
    );
  }
  const attributes = { shape: [...shape], ...bounds };
  return tf.tidy(() => {
    if (hasKernel(kernel)) {
      return runKernel(kernel, { key: keyTensor(key) }, attributes)[0] as tf.Tensor<R>;
    }
    const numbers = plain(keyNumbers(key), tf.util.sizeFromShape(attributes.shape));
    return tf.tensor<R>(numbers, shape, numbers instanceof Int32Array ? 'int32' : 'float32');
  });
}

/** Standard normal float32 of the shape; the caller disposes it. */
export function randn<R extends tf.Rank = tf.Rank>(
  shape: tf.ShapeMap[R],
  key: RandomKey,
): tf.Tensor<R> {
  return draw('StatelessRandomNormal', shape, key, normal);
}

/** Uniform float32 in [0, 1); the caller disposes it. */
export function rand<R extends tf.Rank = tf.Rank>(
  shape: tf.ShapeMap[R],
  key: RandomKey,
): tf.Tensor<R> {
  return draw('StatelessRandomUniform', shape, key, uniform);
}

/**
 * Uniform int32 in [low, high), as `torch.randint`; the caller disposes it.
 * For time steps: `randint([B], 0, num_train_timesteps, key)` includes the last one.
 */
export function randint<R extends tf.Rank = tf.Rank>(
  shape: tf.ShapeMap[R],
  low: number,
  high: number,
  key: RandomKey,
): tf.Tensor<R> {
  const isInt32 = (bound: number) => (bound | 0) === bound;
  if (!isInt32(low) || !isInt32(high) || high <= low) {
    throw new Error(`randint: expected int32 numbers low < high, got low ${low}, high ${high}.`);
  }
  const plain = (numbers: KeyNumbers, count: number) => uniformInt(numbers, count, low, high);
  return draw('StatelessRandomUniformInt', shape, key, plain, { low, high });
}

/** A random order of 0…n−1, made by sorting n random int32 (ties, about n²/2³³, by index). */
export function permutation(n: number, key: RandomKey): Uint32Array {
  const draws = tf.tidy(() => randint([n], -(2 ** 31), 2 ** 31 - 1, key).dataSync());
  // Each draw above its index, as one number of 64 bits: these are sorted without a call for each comparison.
  const halves = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) {
    halves[2 * i] = i;
    halves[2 * i + 1] = draws[i]! ^ 0x80000000; // unsigned, in the same order
  }
  new BigUint64Array(halves.buffer).sort();
  return halves.filter((_, i) => i % 2 === 0);
}

/** 32-bit FNV-1a of the text, then murmur3's finalizer so that near seeds give far keys. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A sequence of keys, counted from 0. Its whole state is `position`. */
export class RandomStream {
  private readonly id: number;
  /** How many keys were taken by `next`. */
  position = 0;

  constructor(
    readonly seed: number,
    readonly name: string,
  ) {
    this.id = hash(`${seed}/${name}`);
  }

  /** The key at a position, without moving on. */
  at(position: number): readonly [number, number] {
    return [this.id, position];
  }

  /**
   * The next key; moves on by one.
   *
   * @throws Error inside a traced function, where one key would be fixed for all calls
   */
  next(): readonly [number, number] {
    if (isTracing()) {
      throw new Error(
        `The stream '${this.name}' cannot move on inside a traced function: its key would be the ` +
          'same at every call. Take the key outside and pass it in as a tensor.',
      );
    }
    return this.at(this.position++);
  }
}

/** The streams of the library; each is independent of the others. An objective may have more, by other names. */
export type StreamName =
  'init' | 'data' | 'noise' | 'offset' | 'timesteps' | 'dropout' | 'sampling';

/** A seed with its independent streams, as `torch.Generator` but without hidden state. */
export class Generator {
  private readonly streams = new Map<string, RandomStream>();

  /** @param seed an integer from 0 to 2⁵³ − 1 */
  constructor(readonly seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new Error(`Generator: expected an integer seed from 0 to 2^53 − 1, got ${seed}.`);
    }
  }

  /** The stream of that name; the same object at each call. */
  stream(name: StreamName | (string & {})): RandomStream {
    let stream = this.streams.get(name);
    if (!stream) this.streams.set(name, (stream = new RandomStream(this.seed, name)));
    return stream;
  }
}

/** @throws TypeError if initial values have no stream to be drawn from */
export function requireStream(owner: string, stream: RandomStream): void {
  if (stream instanceof RandomStream) return;
  throw new TypeError(
    `${owner}: expected a stream of random numbers, as new Generator(seed).stream('init') gives it, got ${shown(stream)}.`,
  );
}
