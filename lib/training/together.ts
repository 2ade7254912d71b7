/** A trainer that is one of several workers: what it asks the others, and what all decide alike. */
import type { tf } from '../backend';
import { WorkerLostError, type Cluster } from '../backend/node';
import type { TrainerState } from './trainer-state';
import { weightsDigest } from './weights-digest';

/** What a worker has before a step is decided. */
export interface OwnPart {
  /** Its rows' part of the batch's loss. */
  readonly loss: number;
  /** Whether it was asked to stop. */
  readonly stop: boolean;
}

export class Together {
  private wish: () => boolean = () => false;
  private hasAgreed = false;

  constructor(private readonly cluster: Cluster) {}

  /** Samples of the batch that are this worker's. */
  readonly rowsOf = (batchSize: number) => this.cluster.rowsOf(batchSize);

  /**
   * @param wish whether this worker alone was asked to stop
   * @returns whether all stop: after a step in which one was
   */
  stopped(wish: () => boolean): () => boolean {
    this.wish = wish;
    this.hasAgreed = false;
    return () => this.hasAgreed;
  }

  /**
   * Sums over all workers.
   *
   * @param exchange does so with gradients and numbers
   * @returns the whole batch's loss
   * @throws WorkerLostError
   */
  exchange(loss: number, exchange: (own: OwnPart) => [loss: number, stops: number]): number {
    const [sum, stops] = this.cluster.computing(() => exchange({ loss, stop: this.wish() }));
    if (stops > 0) this.hasAgreed = true;
    return sum;
  }

  /**
   * Waits for all workers, and looks whether they train the same.
   *
   * @throws Error naming what differs, in all of them; WorkerLostError
   */
  check(
    { step, config, options }: TrainerState,
    parameters: ReadonlyMap<string, tf.Variable>,
  ): void {
    const differing = this.cluster.differing({
      step: String(step),
      'configuration (recipe, data, seed)': JSON.stringify(config),
      options: JSON.stringify({ ...options, microBatchSize: null }), // a machine's own
      weights: weightsOf(parameters),
    });
    if (differing.length === 0) return;
    this.farewell(); // all throw
    throw new Error(
      `Worker ${this.cluster.index} of ${this.cluster.size}: expected the same training on all workers, but they ` +
        `differ in ${differing.join(', ')}; here it is at step ${step}. Start all with the same command, and with a run ` +
        'folder that all of them see.',
    );
  }

  /**
   * Waits until all are here, after the last step or before an error that all throw. Sums are fetched by those who need them: a process that ended earlier would
   * take away what another one has not fetched yet.
   */
  farewell(): void {
    try {
      this.cluster.differing({ end: '' });
    } catch (error) {
      // Whoever is gone was here as well, or has failed by itself; what was to be trained is trained.
      if (!(error instanceof WorkerLostError)) throw error;
    }
  }
}

function weightsOf(parameters: ReadonlyMap<string, tf.Variable>): string {
  return weightsDigest(
    Array.from(parameters, ([name, variable]) => [name, { data: variable.dataSync() }] as const),
  );
}
