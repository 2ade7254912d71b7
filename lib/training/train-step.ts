import { tf } from '../backend';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { AdamW } from '../optim/adamw';
import type { DDPMScheduler } from '../schedulers/ddpm';
import type { CaptionEmbeddings } from './captions';

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
  readonly optimizer: AdamW;
  /** What is trained, by name; the optimizer's. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

/**
 * The mean squared error of the prediction, as a diffusion model is trained (Ho et al. 2020,
 * algorithm 1; velocity and sample targets as in Salimans & Ho 2022).
 *
 * @returns a scalar; the caller disposes it
 */
export function diffusionLoss(
  { unet, captions, noiseScheduler }: Omit<TrainStepParts, 'optimizer' | 'parameters'>,
  { images, labels, noise, timesteps }: MicroBatch,
): tf.Scalar {
  return tf.tidy(() => {
    const noisy = noiseScheduler.addNoise(images, noise, timesteps);
    const context = captions.hiddenStates(labels);
    const prediction = unet.forward(noisy, timesteps, context);
    const target = {
      epsilon: () => noise,
      sample: () => images,
      v_prediction: () => noiseScheduler.getVelocity(images, noise, timesteps),
    }[noiseScheduler.config.prediction_type]();
    return tf.mean<tf.Scalar>(tf.squaredDifference(prediction, target));
  });
}

/** Scalars of the gradients gathered so far; the caller disposes both. */
export interface AccumulateResult {
  /** The micro-batch's loss, times its weight. */
  readonly loss: tf.Scalar;
  /** Norm of all gathered gradients together. */
  readonly gradNorm: tf.Scalar;
}

/**
 * A training step in two parts: gradients are gathered over micro-batches, then applied. Between the
 * two, the caller can look at loss and norm and leave the weights as they are. Both parts are plain
 * tensor ops over variables, without host reads.
 */
export class TrainStep {
  private readonly parts: TrainStepParts;
  private readonly gradients: ReadonlyMap<string, tf.Variable>;

  constructor(parts: TrainStepParts) {
    this.parts = parts;
    const zeros = [...parts.parameters].map(
      ([name, p]) => [name, tf.tidy(() => tf.variable(tf.zeros(p.shape), false))] as const,
    );
    this.gradients = new Map(zeros);
  }

  /**
   * Adds a micro-batch's gradients to those gathered; the first one of a step replaces them.
   *
   * @param weight the micro-batch's share of the whole batch, so that the sum is the mean's gradient
   */
  accumulate(batch: MicroBatch, weight: tf.Scalar, isFirst: boolean): AccumulateResult {
    const { parameters } = this.parts;
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        () => tf.mul(diffusionLoss(this.parts, batch), weight),
        [...parameters.values()],
      );
      const squares: tf.Tensor[] = [];
      for (const [name, parameter] of parameters) {
        const gathered = this.gradients.get(name)!;
        const gradient = grads[parameter.name]!;
        gathered.assign(isFirst ? gradient : tf.add(gathered, gradient));
        squares.push(tf.sum(tf.square(gathered)));
      }
      return { loss: value, gradNorm: tf.sqrt(tf.addN(squares)) as tf.Scalar };
    });
  }

  /** One optimizer step with the gathered gradients times `scale` (1, or less to clip their norm). */
  apply(scale: tf.Scalar): void {
    tf.tidy(() => {
      const scaled = [...this.gradients].map(([name, g]) => [name, tf.mul(g, scale)] as const);
      this.parts.optimizer.step(new Map(scaled));
    });
  }

  dispose(): void {
    tf.dispose([...this.gradients.values()]);
  }
}
