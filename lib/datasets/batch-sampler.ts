import { ANY_RULE, checkGiven, FLAG_RULE, requireRecord } from '../options';
import { Generator, permutation } from '../random';

export interface BatchSamplerOptions {
  /** Samples of a batch. */
  readonly batchSize: number;
  /** A new order each epoch (default), or the data set's own. */
  readonly shuffle?: boolean | undefined;
  /** Leave out the last batch if it is smaller (default). */
  readonly dropLast?: boolean | undefined;
  /** Decides the order, with the epoch's number. Needed to shuffle. */
  readonly seed?: number | undefined;
}

/** Where a sampler stands. */
export interface SamplerState {
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Samples of the present epoch that were given out. */
  readonly position: number;
}

/**
 * Gives out the places (positions) of a data set's samples in batches, as torch's `BatchSampler` over a
 * `RandomSampler`. A loop over it runs to the end of the present epoch; the next loop runs the next one. A loop that is
 * left early is taken up where it was left.
 *
 * The order of epoch e depends on the seed and e alone, so that `state` and `loadState` resume a run
 * exactly. A batch counts as given out once the loop's body has it.
 */
export class BatchSampler implements Iterable<Int32Array> {
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
   * @param samples how many there are
   * @param owner the class that asks, for messages
   * @throws RangeError for an option that is not known, a batch size that is not an integer of 1 or more, or, with `dropLast`, larger than the number
   *   of samples; TypeError if a seed is missing. No samples are no error: there is then no batch, as in torch
   *   (which refuses only to shuffle none).
   */
  constructor(
    private readonly samples: number,
    options: BatchSamplerOptions,
    private readonly owner = 'BatchSampler',
  ) {
    requireRecord(owner, options, 'options as a record, { batchSize, seed }');
    checkGiven(owner, options, {
      batchSize: ANY_RULE,
      shuffle: FLAG_RULE,
      dropLast: FLAG_RULE,
      seed: ANY_RULE,
    });
    const { batchSize, shuffle = true, dropLast = true, seed } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(
        `${owner}: expected batchSize to be an integer of 1 or more, got ${String(batchSize)}.`,
      );
    }
    if (dropLast && samples > 0 && batchSize > samples) {
      throw new RangeError(
        `${owner}: expected batchSize of at most ${samples}, the samples there are, got ` +
          `${batchSize}: no batch would be full. Make it smaller or set dropLast to false.`,
      );
    }
    if (shuffle && seed === undefined) {
      throw new TypeError(`${owner}: expected a seed to shuffle by, got none.`);
    }
    const batches = samples / batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.seed = seed ?? 0;
    if (shuffle) new Generator(this.seed); // a bad seed is refused here rather than in the first epoch
  }

  /** Samples given out per epoch. */
  private get epochSamples(): number {
    return this.dropLast ? this.length * this.batchSize : this.samples;
  }

  /** The batches left in the present epoch, as places in the data set, [B]. */
  *[Symbol.iterator](): IterableIterator<Int32Array> {
    const { epoch } = this;
    if (this.epochSamples === 0) return;
    while (this.epoch === epoch) {
      const end = Math.min(this.position + this.batchSize, this.epochSamples);
      const batch = Int32Array.from(this.indicesOf(epoch).subarray(this.position, end));
      // Before the batch is given out: a state saved in the loop's body is one after this batch.
      this.position = end;
      if (end === this.epochSamples) {
        this.epoch += 1;
        this.position = 0;
      }
      yield batch;
    }
  }

  /** The batch that comes next in the present epoch, which stays the next one; undefined at its end. */
  peek(): Int32Array | undefined {
    const end = Math.min(this.position + this.batchSize, this.epochSamples);
    if (this.position === 0 || end === this.position) return undefined;
    return Int32Array.from(this.indicesOf(this.epoch).subarray(this.position, end));
  }

  /** Where the sampler stands: `loadState` of another one goes on from there. */
  state(): SamplerState {
    return { epoch: this.epoch, position: this.position };
  }

  /**
   * Goes on from a saved state, with the same data set, seed and shuffle.
   *
   * @throws RangeError if this sampler cannot stand there
   */
  loadState({ epoch, position }: SamplerState): void {
    const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
    if (!isCount(epoch)) {
      throw new RangeError(`${this.owner}: expected epoch to be 0 or more, got ${String(epoch)}.`);
    }
    const isEnd = position >= this.epochSamples && position > 0;
    if (!isCount(position) || isEnd || position % this.batchSize !== 0) {
      throw new RangeError(
        `${this.owner}: expected position to be a multiple of the batch size ${this.batchSize} below ` +
          `${this.epochSamples}, got ${String(position)}. Was it saved with another data set?`,
      );
    }
    this.epoch = epoch;
    this.position = position;
  }

  private indicesOf(epoch: number): Uint32Array {
    if (this.order?.epoch !== epoch) {
      const indices = this.shuffle
        ? permutation(this.samples, new Generator(this.seed).stream('data').at(epoch))
        : Uint32Array.from({ length: this.samples }, (_, i) => i);
      this.order = { epoch, indices };
    }
    return this.order.indices;
  }
}
