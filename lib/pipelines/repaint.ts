/**
 * RePaint's resampling: every so many steps the image is made noisy again and drawn once more, so that what is drawn anew
 * comes to fit what is kept.
 *
 * Lugmayr et al. 2022, "RePaint: inpainting using denoising diffusion probabilistic models"; time steps and noise as in
 * diffusers' schedulers/scheduling_repaint.py.
 */
import { tf } from '../backend';
import { isCount } from '../options';
import { randn, type RandomStream } from '../random';
import { DDIMScheduler } from '../schedulers/ddim';
import type { Sampler } from '../schedulers/scheduler';

/** How far and how often it goes back. */
export interface RepaintOptions {
  /** Steps of a jump. The paper's is 10. */
  readonly jumpLength: number;
  /** How often each stretch is drawn. The paper's is 10; 1 is plain DDIM. */
  readonly jumpNSample: number;
}

/**
 * The order in which N evenly spaced time steps are visited, from N − 1: down by steps, up by jumps.
 *
 * @returns numbers of steps; the time step is that times ⌊num_train_timesteps / N⌋
 */
export function repaintOrder(
  numInferenceSteps: number,
  { jumpLength, jumpNSample }: RepaintOptions,
): number[] {
  const jumps = new Map<number, number>();
  for (let j = 0; j < numInferenceSteps - jumpLength; j += jumpLength)
    jumps.set(j, jumpNSample - 1);
  const order: number[] = [];
  for (let t = numInferenceSteps; t >= 1;) {
    order.push(--t);
    const left = jumps.get(t) ?? 0;
    if (left === 0) continue;
    jumps.set(t, left - 1);
    for (let i = 0; i < jumpLength; i++) order.push(++t);
  }
  return order;
}

/** What a sampling does next: a step of the model, or noise for the training's steps [from, from + count). */
export type Move =
  | { readonly kind: 'step'; readonly index: number }
  | { readonly kind: 'noise'; readonly from: number; readonly count: number };

/** The visits as moves over a scheduler's `timesteps`. */
export function repaintMoves(
  scheduler: Sampler,
  numInferenceSteps: number,
  options: RepaintOptions,
): Move[] {
  const stride = Math.floor(scheduler.config.num_train_timesteps / numInferenceSteps);
  let last = numInferenceSteps;
  return repaintOrder(numInferenceSteps, options).map((k): Move => {
    const before = last;
    last = k;
    if (k < before) return { kind: 'step', index: numInferenceSteps - 1 - k };
    return { kind: 'noise', from: before * stride, count: stride };
  });
}

/** @throws RangeError if one is given without the other, or is out of range */
export function checkedJumps(
  jumpLength: unknown,
  jumpNSample: unknown,
  strength: number,
): RepaintOptions | null {
  if (jumpLength === undefined && jumpNSample === undefined) return null;
  for (const [name, value] of Object.entries({ jumpLength, jumpNSample })) {
    if (!isCount(value)) {
      throw new RangeError(
        `${name}: expected an integer ≥ 1 (RePaint takes jumpLength and jumpNSample together), got ${String(value)}.`,
      );
    }
  }
  if (strength !== 1) {
    throw new RangeError(
      `strength: expected 1 with jumpLength: RePaint begins with pure noise, got ${strength}.`,
    );
  }
  return { jumpLength, jumpNSample } as RepaintOptions;
}

/** @throws Error if the scheduler's steps are not those that RePaint goes by */
export function checkRepaintScheduler(scheduler: Sampler): asserts scheduler is DDIMScheduler {
  const isDdim = scheduler instanceof DDIMScheduler;
  const { timestep_spacing: spacing, steps_offset: offset } = isDdim
    ? scheduler.config
    : { timestep_spacing: '', steps_offset: 0 };
  if (isDdim && spacing === 'leading' && offset === 0) return;
  const got = isDdim
    ? `one with timestep_spacing '${spacing}' and steps_offset ${offset}`
    : scheduler.constructor.name;
  throw new Error(
    `jumpLength, jumpNSample: expected a DDIMScheduler over evenly spaced steps, got ${got}. Take ` +
      "DDIMScheduler.fromConfig(pipeline.scheduler.config, { timestep_spacing: 'leading', steps_offset: 0 }).",
  );
}

/**
 * The image as noisy as after these steps of the training: √(1−β) · x + √β · noise, for each β.
 *
 * @param stream gives a key for each
 * @returns the caller disposes it
 */
export function noisier(
  sample: tf.Tensor4D,
  betas: Float32Array,
  { from, count }: { readonly from: number; readonly count: number },
  stream: RandomStream,
): tf.Tensor4D {
  return tf.tidy(() => {
    let x = sample.clone();
    for (const beta of betas.subarray(from, from + count)) {
      const noise = randn<tf.Rank.R4>(x.shape, stream.next());
      x = tf.add(tf.mul(x, Math.sqrt(1 - beta)), tf.mul(noise, Math.sqrt(beta)));
    }
    return x;
  });
}
