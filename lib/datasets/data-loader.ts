import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../backend';
import { Generator as RandomGenerator, permutation } from '../random';
import { normalize, rowMajor, toTensor } from './transforms';

/** Images with labels, held on the host as bytes. */
export interface ImageDataset {
  /** [N, H, W] or [N, H, W, C], row-major, 0 to 255. */
  readonly images: NdArray<Uint8Array>;
  /** N labels. */
  readonly labels: Uint8Array;
  readonly length: number;
}

export interface DataLoaderOptions {
  /** Samples of a batch. */
  readonly batchSize: number;
  /** A new order each epoch (default), or the data set's own. */
  readonly shuffle?: boolean;
  /** Leave out the last batch if it is smaller (default). */
  readonly dropLast?: boolean;
  /** Decides the order, with the epoch's number. Needed to shuffle. */
  readonly seed?: number;
}

/** Some samples of the data set. */
export interface Batch {
  /** Their places in the data set, [B]. */
  readonly indices: Int32Array;
  /** [B]. */
  readonly labels: Uint8Array;
  /** [B, H, W, C] in [−1, 1], row-major. */
  readonly images: Float32Array;
  /** Of `images`. */
  readonly shape: readonly [number, number, number, number];
  /** The same as tensors (labels as int32); the caller disposes them. */
  toTensors(): { images: tf.Tensor4D; labels: tf.Tensor1D };
}

/** Where a loader stands. */
export interface DataLoaderState {
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Samples of the present epoch that were given out. */
  readonly position: number;
}

/**
 * Gives out a data set in batches, as torch's `DataLoader`. A loop over it (`for … of` or
 * `for await … of`) runs to the end of the present epoch; the next loop runs the next one. A loop that
 * is left early is taken up where it was left.
 *
 * The order of epoch e depends on the seed and e alone, so that `state` and `loadState` resume a run
 * exactly. A batch counts as given out once the loop's body has it.
 */
export class DataLoader implements Iterable<Batch> {
  /** Batches of an epoch. */
  readonly length: number;
  readonly batchSize: number;
  private readonly shuffle: boolean;
  private readonly dropLast: boolean;
  private readonly seed: number;
  private epoch = 0;
  private position = 0;
  private order: { epoch: number; indices: Uint32Array } | undefined;

  /**
   * @throws RangeError for a batch size that is not an integer of 1 or more, or that leaves no batch;
   *   Error if there are not as many labels as images, or a seed is missing
   */
  constructor(
    private readonly dataset: ImageDataset,
    options: DataLoaderOptions,
  ) {
    const { batchSize, shuffle = true, dropLast = true, seed } = options;
    checkDataset(dataset);
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(
        `DataLoader: expected batchSize to be an integer of 1 or more, got ${String(batchSize)}.`,
      );
    }
    if (dropLast && batchSize > dataset.length) {
      throw new RangeError(
        `DataLoader: expected batchSize of at most ${dataset.length}, the samples there are, got ` +
          `${batchSize}: no batch would be full. Make it smaller or set dropLast to false.`,
      );
    }
    if (shuffle && seed === undefined) {
      throw new TypeError('DataLoader: expected a seed to shuffle by, got none.');
    }
    const batches = dataset.length / batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.seed = seed ?? 0;
    if (shuffle) new RandomGenerator(this.seed); // refuses a bad seed here rather than in the first epoch
  }

  /** Samples given out per epoch. */
  private get epochSamples(): number {
    return this.dropLast ? this.length * this.batchSize : this.dataset.length;
  }

  /** The batches left in the present epoch. */
  *[Symbol.iterator](): IterableIterator<Batch> {
    const { epoch } = this;
    while (this.epoch === epoch) {
      const indices = this.indicesOf(epoch);
      const end = Math.min(this.position + this.batchSize, this.epochSamples);
      const batch = gather(this.dataset, Int32Array.from(indices.subarray(this.position, end)));
      // Before the batch is given out: a state saved in the loop's body is one after this batch.
      this.position = end;
      if (end === this.epochSamples) {
        this.epoch += 1;
        this.position = 0;
      }
      yield batch;
    }
  }

  /** Where the loader stands: `loadState` of another loader goes on from there. */
  state(): DataLoaderState {
    return { epoch: this.epoch, position: this.position };
  }

  /**
   * Goes on from a saved state, with the same data set, seed and shuffle.
   *
   * @throws RangeError if this loader cannot stand there
   */
  loadState({ epoch, position }: DataLoaderState): void {
    const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
    if (!isCount(epoch)) {
      throw new RangeError(`DataLoader: expected epoch to be 0 or more, got ${String(epoch)}.`);
    }
    if (!isCount(position) || position >= this.epochSamples || position % this.batchSize !== 0) {
      throw new RangeError(
        `DataLoader: expected position to be a multiple of the batch size ${this.batchSize} below ` +
          `${this.epochSamples}, got ${String(position)}. Was it saved with another data set?`,
      );
    }
    this.epoch = epoch;
    this.position = position;
  }

  private indicesOf(epoch: number): Uint32Array {
    if (this.order?.epoch !== epoch) {
      const count = this.dataset.length;
      const indices = this.shuffle
        ? permutation(count, new RandomGenerator(this.seed).stream('data').at(epoch))
        : Uint32Array.from({ length: count }, (_, i) => i);
      this.order = { epoch, indices };
    }
    return this.order.indices;
  }
}

function checkDataset({ images, labels, length }: ImageDataset): void {
  if (images.dimension !== 3 && images.dimension !== 4) {
    const shape = images.shape.join(', ');
    throw new Error(`DataLoader: expected images [N, H, W] or [N, H, W, C], got [${shape}].`);
  }
  if (images.shape[0] !== length || labels.length !== length) {
    throw new Error(
      `DataLoader: expected as many images and labels as the data set's length ${length}, got ` +
        `${images.shape[0]} images and ${labels.length} labels.`,
    );
  }
}

/** These samples of the data set. Copies them, and brings them into [−1, 1], once they are asked for. */
function gather(dataset: ImageDataset, indices: Int32Array): Batch {
  const [, height = 1, width = 1, channels = 1] = dataset.images.shape;
  const shape: Batch['shape'] = [indices.length, height, width, channels];
  let images: Float32Array | undefined;
  return {
    indices,
    labels: Uint8Array.from(indices, (index) => dataset.labels[index] ?? 0),
    get images() {
      return (images ??= pixels(dataset, indices, shape));
    },
    shape,
    toTensors() {
      return {
        images: tf.tensor4d(this.images, [...shape]),
        labels: tf.tensor1d(Int32Array.from(this.labels), 'int32'),
      };
    },
  };
}

function pixels(dataset: ImageDataset, indices: Int32Array, shape: Batch['shape']): Float32Array {
  const all = rowMajor(dataset.images); // no copy unless the array is a strided view
  const size = shape[1] * shape[2] * shape[3];
  const chosen = new Uint8Array(indices.length * size);
  indices.forEach((index, i) => {
    chosen.set(all.subarray(index * size, (index + 1) * size), i * size);
  });
  return normalize(toTensor(ndarray(chosen, [...shape]))).data;
}
