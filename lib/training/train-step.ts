import { executeOp, tf, typeAttribute } from '../backend';
import { jit, JitSession, partSizes, threadsOfHalf, type JitControl } from '../jit';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { AdamW } from '../optim/adamw';
import type { EMAModel } from '../optim/ema';
import type { DDPMScheduler } from '../schedulers/ddpm';
import { minSnrWeights, predictionTarget } from '../schedulers/forward-process';
import type { CaptionEmbeddings } from './captions';
import type { BatchDraw, DeviceData } from './device-data';

/** One micro-batch. All tensors belong to the caller. */
export interface MicroBatch {
  /** [B, H, W, C], in [−1, 1] */
  readonly images: tf.Tensor4D;
  /** int32 [B]: rows of the caption table */
  readonly labels: tf.Tensor1D;
  /** standard normal, shaped as the images */
  readonly noise: tf.Tensor4D;
  /** int32 [B], 0…num_train_timesteps − 1 */
  readonly timesteps: tf.Tensor1D;
}

export interface TrainStepParts {
  readonly unet: UNet2DConditionModel;
  readonly captions: CaptionEmbeddings;
  readonly noiseScheduler: DDPMScheduler;
  /** Caps the weight of time steps with little noise, by min-SNR; null (default) weighs all alike. */
  readonly minSnrGamma?: number | null;
  readonly optimizer: AdamW;
  /** Takes the weights into its average after each step; null (default) for none. */
  readonly ema?: EMAModel | null;
  /** Where a micro-batch comes from that is given by a `BatchDraw`. */
  readonly data?: DeviceData;
  /** What is trained, by name; the optimizer's. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

type LossParts = Pick<TrainStepParts, 'unet' | 'captions' | 'noiseScheduler' | 'minSnrGamma'>;

/**
 * The mean squared error of the prediction, as a diffusion model is trained (Ho et al. 2020,
 * algorithm 1; velocity and sample targets as in Salimans & Ho 2022), weighted by min-SNR if asked.
 *
 * @returns a scalar; the caller disposes it
 */
export function diffusionLoss(parts: LossParts, batch: MicroBatch): tf.Scalar {
  return tf.tidy(() => {
    const hiddenStates = parts.captions.hiddenStates(batch.labels);
    const rows = { ...batch, hiddenStates };
    const size = batch.images.shape[0];
    const sizes = partSizes(size);
    if (sizes.length === 1) return lossOfPart(parts, rows);
    const losses = splitRows(rows, sizes).map((part, i) =>
      tf.mul<tf.Scalar>(lossOfPart(parts, part), sizes[i]! / size),
    );
    return tf.addN(losses);
  });
}

type Rows = Omit<MicroBatch, 'labels'> & { readonly hiddenStates: tf.Tensor3D };

function splitRows(rows: Rows, sizes: number[]): Rows[] {
  const split = <T extends tf.Tensor>(x: T) => tf.split(x, sizes, 0) as T[];
  const images = split(rows.images);
  const noise = split(rows.noise);
  const timesteps = split(rows.timesteps);
  return split(rows.hiddenStates).map((hiddenStates, i) => {
    return { images: images[i]!, noise: noise[i]!, timesteps: timesteps[i]!, hiddenStates };
  });
}

function lossOfPart(
  { unet, noiseScheduler, minSnrGamma = null }: LossParts,
  { images, noise, timesteps, hiddenStates }: Rows,
): tf.Scalar {
  const noisy = noiseScheduler.addNoise(images, noise, timesteps);
  const prediction = unet.forward(noisy, timesteps, hiddenStates);
  const target = predictionTarget(noiseScheduler, images, noise, timesteps);
  const squares = tf.squaredDifference(prediction, target);
  if (minSnrGamma === null) return tf.mean<tf.Scalar>(squares);
  const { alphasCumprod, config } = noiseScheduler;
  const weights = minSnrWeights(alphasCumprod, config.prediction_type, minSnrGamma, timesteps);
  return tf.mean<tf.Scalar>(tf.mul(tf.mean(squares, [1, 2, 3]), weights));
}

/** Scalars of the gradients gathered so far; the caller disposes both. */
export type AccumulateResult = {
  /** The micro-batch's loss, times its weight. */
  readonly loss: tf.Scalar;
  /** Norm of all gathered gradients together. */
  readonly gradNorm: tf.Scalar;
};

/** A micro-batch, or what it is drawn by inside of the graph. */
export type StepInput = MicroBatch | BatchDraw;

type Accumulate = (input: StepInput, weight: tf.Scalar) => AccumulateResult;

/**
 * A training step in two parts: gradients are gathered over micro-batches, then applied. Between the
 * two, the caller can look at loss and norm and leave the weights as they are. Each part is one
 * TensorFlow graph, traced at its first call for a shape; weights, gradients and moments stay in it.
 */
export class TrainStep {
  /** One optimizer step with the gathered gradients times `scale` (1, or less to clip their norm). */
  readonly apply: ((scale: tf.Scalar) => void) & JitControl<(scale: tf.Scalar) => void>;
  private readonly gradients: ReadonlyMap<string, tf.Variable>;
  private isCompiled = false;
  private readonly replace: Accumulate & JitControl<Accumulate>;
  private readonly add: Accumulate & JitControl<Accumulate>;

  constructor(private readonly parts: TrainStepParts) {
    const zeros = [...parts.parameters].map(
      ([name, p]) => [name, tf.tidy(() => tf.variable(tf.zeros(p.shape), false))] as const,
    );
    this.gradients = new Map(zeros);
    const session = new JitSession({ intraOpParallelismThreads: threadsOfHalf() });
    const gather = (isFirst: boolean): Accumulate => {
      return (input, weight) => this.gather(input, weight, isFirst);
    };
    this.replace = jit(gather(true), { name: 'accumulate', session });
    this.add = jit(gather(false), { name: 'accumulate', session });
    this.apply = jit((scale: tf.Scalar) => this.update(scale), { name: 'apply', session });
  }

  /**
   * Traces and loads all parts for micro-batches of these shapes; the first `accumulate` does so by
   * itself. Were each part traced when it first runs, the session would be loaded anew for each.
   *
   * @param share the micro-batch's share of the whole batch
   */
  compile(input: StepInput, share: number): void {
    this.isCompiled = true;
    tf.tidy(() => {
      const weight = tf.scalar(share);
      this.replace.compile(input, weight);
      if (share < 1) this.add.compile(input, weight);
      this.apply.compile(weight);
    });
    this.apply.push();
  }

  /** Bytes that a micro-batch takes beside weights and gradients, found without running it. */
  peakBytes(input: StepInput, share: number): number {
    return tf.tidy(() => this.replace.peakBytes(input, tf.scalar(share)));
  }

  /** Forgets the graphs of sizes that are not to be run. */
  forgetGraphs(): void {
    this.replace.dispose();
  }

  /**
   * Adds a micro-batch's gradients to those gathered; the first one of a step replaces them.
   *
   * @param share the micro-batch's share of the whole batch, so that the sum is the mean's gradient
   */
  accumulate(input: StepInput, share: number, isFirst: boolean): AccumulateResult {
    if (!this.isCompiled) this.compile(input, share);
    return tf.tidy(() => (isFirst ? this.replace : this.add)(input, tf.scalar(share)));
  }

  private microBatch(input: StepInput): MicroBatch {
    if ('images' in input) return input;
    const { data } = this.parts;
    if (data) return data.draw(input);
    throw new Error('TrainStep: expected images, or a data set as data to draw them from.');
  }

  private gather(input: StepInput, weight: tf.Scalar, isFirst: boolean): AccumulateResult {
    const { parameters } = this.parts;
    return tf.tidy(() => {
      const batch = this.microBatch(input);
      const { value, grads } = tf.variableGrads(
        () => tf.mul(diffusionLoss(this.parts, batch), weight),
        [...parameters.values()],
      );
      const halfSquares: tf.Tensor[] = [];
      const T = typeAttribute('T', 'float32');
      for (const [name, parameter] of parameters) {
        const gathered = this.gradients.get(name)!;
        const gradient = grads[parameter.name]!;
        gathered.assign(isFirst ? gradient : tf.add(gathered, gradient));
        halfSquares.push(executeOp('L2Loss', [T], [gathered])); // Σ g² / 2, without a copy
      }
      return { loss: value, gradNorm: tf.sqrt(tf.mul(2, tf.addN(halfSquares))) as tf.Scalar };
    });
  }

  private update(scale: tf.Scalar): void {
    this.parts.optimizer.step(this.gradients, scale);
    this.parts.ema?.step();
  }

  /** Names up to `count` weights that are not finite, and if there is none, gathered gradients. */
  nonFinite(count = 3): string[] {
    const isFinite = (x: tf.Tensor) => tf.tidy(() => tf.all(tf.isFinite(x)).dataSync()[0] === 1);
    const find = (kind: string, tensors: ReadonlyMap<string, tf.Variable>) =>
      [...tensors].flatMap(([name, x]) => (isFinite(x) ? [] : [`${kind} ${name}`]));
    const weights = find('weight', this.parts.parameters);
    return (weights.length > 0 ? weights : find('gradient', this.gradients)).slice(0, count);
  }

  dispose(): void {
    for (const part of [this.replace, this.add, this.apply]) part.dispose();
    tf.dispose([...this.gradients.values()]);
  }
}
