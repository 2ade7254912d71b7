/** Several processes that compute the same graphs and sum tensors among them: TensorFlow's collectives. */
import { createHash } from 'node:crypto';
import { tf } from '../..';
import { jit } from '../../../jit/jit';
import { functionsRunEagerly } from '../../../jit/compiler';
import { JitError } from '../../../jit/errors';
import { nodeBackend, typeAttribute } from '../binding';
import { declareOps } from '../graph/ops';
import { threadsOfHalf } from '../graph/threads';
import { startServer, type ClusterMember } from './server';

/** Another worker is gone, so that this one cannot go on: its engine starts all of them again. */
export class WorkerLostError extends Error {
  override readonly name = 'WorkerLostError';
}

export interface AllReduceOptions {
  /** The same in all workers for the same tensor, and for no other: shape and dtype belong to it. */
  readonly key: number;
  readonly merge?: 'Add' | 'Max' | 'Min';
  /** How numbers go over the network, where they are summed, too. Default `float32`. */
  readonly wire?: 'float32' | 'bfloat16';
}

/** Keys of the collectives of one group of tensors. */
const KEYS_OF_A_GROUP = 1000;

/** The workers, seen from one of them. */
export class Cluster {
  readonly size: number;
  readonly index: number;
  private groups = 0;
  private readonly agreements = new Map<number, (values: tf.Tensor1D) => tf.Tensor1D>();

  /** Use `joinCluster`. */
  constructor({ addresses, index }: ClusterMember) {
    this.size = addresses.length;
    this.index = index;
  }

  /** The chief writes what all have in common: checkpoints, logs. */
  get isChief(): boolean {
    return this.index === 0;
  }

  /** The first of a thousand keys for `allReduce`; all workers ask in the same order. */
  nextKeys(): number {
    return ++this.groups * KEYS_OF_A_GROUP;
  }

  /** This worker's rows of a batch: all workers together have each row once, and differ by one row at most. */
  rowsOf(batchSize: number): { readonly start: number; readonly end: number } {
    const place = (index: number) => Math.floor((batchSize * index) / this.size);
    return { start: place(this.index), end: place(this.index + 1) };
  }

  /**
   * The elementwise sum (or maximum, minimum) over all workers, equal to the bit in all of them. Only in a jitted function,
   * where all of them run the same one.
   */
  allReduce<R extends tf.Rank>(
    x: tf.Tensor<R>,
    { key, merge = 'Add', wire = 'float32' }: AllReduceOptions,
  ): tf.Tensor<R> {
    const { binding } = nodeBackend();
    const int = (name: string, value: number | number[]) => ({
      name,
      type: binding.TF_ATTR_INT,
      value,
    });
    const text = (name: string, value: string) => ({ name, type: binding.TF_ATTR_STRING, value });
    const attributes = [
      typeAttribute('T', x.dtype),
      int('group_size', this.size),
      int('group_key', 1),
      int('instance_key', key),
      int('subdiv_offsets', [0]),
      text('merge_op', merge),
      text('final_op', 'Id'),
      // On GPUs TensorFlow then takes NCCL.
      text('communication_hint', 'auto'),
      text('_wire', wire),
    ];
    return nodeBackend().executeSingleOutput('CollectiveReduce', attributes, [x]) as tf.Tensor<R>;
  }

  /**
   * Waits for all workers, and compares.
   *
   * @param values texts by name; the names are the same in all workers
   * @returns the names of those that are not the same in all workers, in each of them
   * @throws WorkerLostError
   */
  differing(values: Readonly<Record<string, string>>): string[] {
    const names = Object.keys(values);
    const own = Float32Array.from(Object.values(values).flatMap(digest));
    // The largest of x and of −x are equal but for the sign if all have the same x.
    const both = tf.tidy(() => {
      const x = tf.tensor1d(own);
      const given = tf.concat([x, tf.neg(x)]);
      return this.computing(() => this.agreement(given.size)(given).dataSync());
    });
    const isSame = (i: number) => both[i] === own[i] && both[i + own.length] === -own[i]!;
    return names.filter((_, n) => !(isSame(2 * n) && isSame(2 * n + 1)));
  }

  /**
   * Calls what runs collectives.
   *
   * @throws WorkerLostError where TensorFlow reports one, and what else is thrown
   */
  computing<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof JitError)) throw error;
      throw new WorkerLostError(
        `Worker ${this.index} of ${this.size} cannot go on, since another one is gone: ${error.message}`,
        { cause: error },
      );
    }
  }

  /** For checkpoints: how many there were. */
  toJSON(): { readonly workers: number } {
    return { workers: this.size };
  }

  private agreement(size: number): (values: tf.Tensor1D) => tf.Tensor1D {
    let made = this.agreements.get(size);
    if (!made) {
      const agree = (values: tf.Tensor1D) => this.allReduce(values, { key: size, merge: 'Max' });
      this.agreements.set(size, (made = jit(agree, { name: 'agreement' })));
    }
    return made;
  }
}

/** Two numbers that float32 holds exactly, from a text. */
function digest(text: string): [number, number] {
  const hash = createHash('sha256').update(text).digest();
  return [hash.readUIntBE(0, 3), hash.readUIntBE(3, 3)];
}

/**
 * Makes this process one of several workers, until it ends.
 *
 * @throws RangeError for a place that there is not; Error if it is a worker already, graphs are off, or the port cannot be
 *   opened
 */
export function joinCluster(member: ClusterMember): Cluster {
  const { addresses, index } = member;
  if (!Number.isInteger(index) || index < 0 || index >= addresses.length) {
    throw new RangeError(
      `joinCluster: expected an index from 0 to ${addresses.length - 1}, got ${index}.`,
    );
  }
  if (functionsRunEagerly()) {
    throw new Error('joinCluster: expected graphs, but functions run op by op (SDM_JIT=off).');
  }
  startServer({ threads: threadsOfHalf(), ...member });
  declareOps({ CollectiveReduce: ({ inputs }) => [inputs[0]!] });
  return new Cluster(member);
}
