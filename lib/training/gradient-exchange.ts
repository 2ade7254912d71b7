/** Gathered gradients, summed over all workers inside of a graph. */
import { tf } from '../backend';
import type { Cluster } from '../backend/node';

/** How gradients go over the network: as they are, or rounded to half of the bytes. */
export type GradientCompression = 'none' | 'bfloat16';

/** Bytes of gradients that are summed as one tensor, about: as `bucket_cap_mb=25` of torch's DistributedDataParallel. */
const BUCKET_BYTES = 25 * 2 ** 20;

/** Of the thousand keys that an exchange has; buckets take the first ones. */
const LAST_KEY = 999;

export class GradientExchange {
  private readonly firstKey: number;

  constructor(
    private readonly cluster: Cluster,
    private readonly compression: GradientCompression,
  ) {
    this.firstKey = cluster.nextKeys();
  }

  /**
   * In a graph: gives the gradients their sums over all workers, and sums further numbers, which stay float32.
   *
   * @param numbers [n]
   * @returns their sums, [n]; the caller disposes them
   */
  sum(gradients: readonly tf.Variable[], numbers: tf.Tensor1D): tf.Tensor1D {
    return tf.tidy(() => {
      bucketsOf(gradients).forEach((bucket, i) => this.sumBucket(bucket, this.firstKey + 1 + i));
      return this.cluster.allReduce(numbers, { key: this.firstKey });
    });
  }

  /**
   * In a graph: the largest of a number that all workers have computed of the same gradients. Threads add in the order in which
   * they come, so that it may differ in its last digit, and with it the factor of the clipping and all weights.
   */
  agreed(number: tf.Scalar): tf.Scalar {
    return this.cluster.allReduce(number, { key: this.firstKey + LAST_KEY, merge: 'Max' });
  }

  private sumBucket(bucket: readonly tf.Variable[], key: number): void {
    const wire = this.compression === 'bfloat16' ? 'bfloat16' : 'float32';
    const flat = bucket.map((gradient) => tf.reshape(gradient, [-1]) as tf.Tensor1D);
    const joined = flat.length === 1 ? flat[0]! : tf.concat1d(flat);
    const sums = this.cluster.allReduce(joined, { key, wire });
    const parts =
      flat.length === 1
        ? [sums]
        : tf.split(
            sums,
            flat.map(({ size }) => size),
          );
    bucket.forEach((gradient, i) => gradient.assign(tf.reshape(parts[i]!, gradient.shape)));
  }
}

function bucketsOf(gradients: readonly tf.Variable[]): tf.Variable[][] {
  const buckets: tf.Variable[][] = [];
  let bytes = Infinity;
  for (const gradient of gradients) {
    const own = gradient.size * 4;
    if (bytes + own > BUCKET_BYTES) {
      buckets.push([]);
      bytes = 0;
    }
    buckets.at(-1)!.push(gradient);
    bytes += own;
  }
  return buckets;
}
