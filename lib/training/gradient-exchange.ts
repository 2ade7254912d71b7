/** Gathered gradients, summed over all workers inside of a graph. */
import { tf } from '../backend';
import type { Cluster } from '../backend/node';
import { assignParts, joined } from '../nn/kernels/joined';

/** How gradients go over the network: as they are, or rounded to half of the bytes. */
export type GradientCompression = 'none' | 'bfloat16';

const MB = 2 ** 20;

/**
 * Bytes of gradients that are summed as one tensor, about. Several that are under way at once keep network and processor busy,
 * where one alone is sent, then added, then sent: at 1 Gbit/s 27 MB take 8 to 12 % less time in parts of 1 MB (docs/cluster.md).
 * Each goes round in as many pieces as there are workers, which should not be small: so with more workers it is larger, up to
 * `bucket_cap_mb=25` of torch's DistributedDataParallel.
 */
const bucketBytes = (workers: number) => Math.min(25 * MB, Math.max(MB, (workers * MB) / 4));

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
      const buckets = bucketsOf(gradients, bucketBytes(this.cluster.size));
      buckets.forEach((bucket, i) => this.sumBucket(bucket, this.firstKey + 1 + i));
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
    assignParts(bucket, this.cluster.allReduce(joined(bucket), { key, wire }));
  }
}

function bucketsOf(gradients: readonly tf.Variable[], most: number): tf.Variable[][] {
  const buckets: tf.Variable[][] = [];
  let bytes = Infinity;
  for (const gradient of gradients) {
    const own = gradient.size * 4;
    if (bytes + own > most) {
      buckets.push([]);
      bytes = 0;
    }
    buckets.at(-1)!.push(gradient);
    bytes += own;
  }
  return buckets;
}
