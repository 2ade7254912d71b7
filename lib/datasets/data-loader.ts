import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../backend';
import { BatchSampler, type BatchSamplerOptions, type SamplerState } from './batch-sampler';
import { normalize, rowMajor, toTensor } from './transforms';
import { requireRecord } from '../options';

/** Images with captions, held on the host as bytes. */
export interface ImageDataset {
  /** [N, H, W] or [N, H, W, C], row-major, 0 to 255. */
  readonly images: NdArray<Uint8Array>;
  /** What each image shows: N positions in `captions`. */
  readonly captionIds: Int32Array;
  /** The distinct captions. */
  readonly captions: readonly string[];
  /** Where images have several captions: positions of all of each image's, that of `captionIds` first. */
  readonly captionChoices?: readonly Int32Array[];
  /** N. */
  readonly length: number;
}

export type DataLoaderOptions = BatchSamplerOptions;

/** Where a loader stands. */
export type DataLoaderState = SamplerState;

/** Some samples of the data set. */
export interface Batch {
  /** Their places in the data set, [B]. */
  readonly indices: Int32Array;
  /** [B]. */
  readonly captionIds: Int32Array;
  /** The caption of each, B of them. */
  readonly captions: readonly string[];
  /** [B, H, W, C] in [−1, 1], row-major. */
  readonly images: Float32Array;
  /** Of `images`. */
  readonly shape: readonly [number, number, number, number];
  /** The same as tensors (ids as int32); the caller disposes them. */
  toTensors(): { images: tf.Tensor4D; captionIds: tf.Tensor1D };
}

/**
 * Gives out a data set in batches, as torch's `DataLoader`. A loop over it (`for … of` or
 * `for await … of`) runs to the end of the present epoch; the next loop runs the next one. A loop that
 * is left early is taken up where it was left; `state` and `loadState` resume a run exactly.
 */
export class DataLoader implements Iterable<Batch> {
  private readonly sampler: BatchSampler;

  /**
   * @throws RangeError for a batch size that is not an integer of 1 or more, or, with `dropLast`, larger than the data
   *   set; Error if there are not as many captionIds as images; TypeError if a seed is missing. An empty data set is no
   *   error: there is then no batch, as in torch (which refuses only to shuffle none).
   */
  constructor(
    private readonly dataset: ImageDataset,
    options: DataLoaderOptions,
  ) {
    checkDataset(dataset);
    this.sampler = new BatchSampler(dataset.length, options, 'DataLoader');
  }

  /** Batches of an epoch. */
  get length(): number {
    return this.sampler.length;
  }

  get batchSize(): number {
    return this.sampler.batchSize;
  }

  /** The batches left in the present epoch. */
  *[Symbol.iterator](): IterableIterator<Batch> {
    for (const indices of this.sampler) yield gather(this.dataset, indices);
  }

  /** Where the loader stands: `loadState` of another loader goes on from there. */
  state(): DataLoaderState {
    return this.sampler.state();
  }

  /**
   * Goes on from a saved state, with the same data set, seed and shuffle.
   *
   * @throws RangeError if this loader cannot stand there
   */
  loadState(state: DataLoaderState): void {
    this.sampler.loadState(state);
  }
}

function checkDataset(dataset: ImageDataset): void {
  requireRecord('DataLoader', dataset, 'a data set, such as that of loadMnist', [
    'images',
    'captionIds',
  ]);
  const { images, captionIds, length } = dataset;
  if (images.dimension !== 3 && images.dimension !== 4) {
    const shape = images.shape.join(', ');
    throw new Error(`DataLoader: expected images [N, H, W] or [N, H, W, C], got [${shape}].`);
  }
  if (images.shape[0] !== length || captionIds.length !== length) {
    throw new Error(
      `DataLoader: expected as many images and captionIds as the data set's length ${length}, got ` +
        `${images.shape[0]} images and ${captionIds.length} captionIds.`,
    );
  }
}

/** These samples of the data set. Copies them, and brings them into [−1, 1], once they are asked for. */
function gather(dataset: ImageDataset, indices: Int32Array): Batch {
  const [, height = 1, width = 1, channels = 1] = dataset.images.shape;
  const shape: Batch['shape'] = [indices.length, height, width, channels];
  const captionIds = indices.map((index) => dataset.captionIds[index]!);
  let images: Float32Array | undefined;
  const batch: Batch = {
    indices,
    captionIds,
    captions: Array.from(captionIds, (id) => dataset.captions[id]!),
    get images() {
      return (images ??= pixels(dataset, indices, shape));
    },
    shape,
    toTensors() {
      return {
        images: tf.tensor4d(this.images, [...shape]),
        captionIds: tf.tensor1d(captionIds, 'int32'),
      };
    },
  };
  return Object.defineProperty(batch, INSPECT, { value: printed });
}

/** How Node's `console.log` asks a value for its own form. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A batch with its values, in the place of a getter and a function. */
function printed(
  this: Batch,
  _depth: number,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  const { images, shape, captionIds, captions, indices } = this;
  return `Batch ${inspect({ images, shape, captionIds, captions, indices }, options)}`;
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
