/** The way from noise, or from a noisy picture, to a new one. */
import { tf } from '../backend';
import type { Conditioning } from '../conditioning/conditioning';
import type { Images } from '../images/images';
import type { RandomKey, RandomStream } from '../random';
import { coefficientRow, coefficientTable, type Sampler } from '../schedulers/scheduler';
import { loopBar } from '../progress';
import { interruption, nextMacrotask } from '../stop';
import type { DenoiseOutput, DenoiseStep } from './denoise-step';
import type { ResolvedGenerateOptions } from './generate-options';
import { guidanceOf, guidedAt } from './guidance';
import { Intermediates } from './intermediates';
import type { Within } from './lora-scale';
import type { ProgressBarConfig } from './progress-bar-config';
import type { Move } from './repaint';

/** What a sampling is made of. */
export interface Passage {
  readonly scheduler: Sampler;
  readonly step: DenoiseStep;
  readonly conditioning: { readonly guided: Conditioning; readonly alone: Conditioning };
  readonly options: ResolvedGenerateOptions;
  /** The first position of `timesteps`. */
  readonly begin: number;
  readonly moves: readonly Move[];
  /** Key i + 1 is that of the i-th move. */
  readonly stream: RandomStream;
  /** What is made of the sample after a step, in a tidy: the step's key, and the position that it arrives at. */
  readonly blend?: (sample: tf.Tensor4D, key: RandomKey, arrived: number) => tf.Tensor4D;
  /** The sample, noisier, where the moves go back. Default: as it is. */
  readonly makeNoisy?: (
    sample: tf.Tensor4D,
    move: Move & { readonly kind: 'noise' },
  ) => tf.Tensor4D;
  readonly toImages: (latents: tf.Tensor4D) => Images;
  /** Runs a step; the scale of adapters holds for as long. */
  readonly within: Within;
  readonly barConfig: ProgressBarConfig;
}

/** What a sampling gives. */
export interface Passed {
  readonly images: Images;
  readonly intermediates: Intermediates;
}

/**
 * Takes all moves.
 *
 * @param start noise, or the noisy picture; it is disposed
 * @throws Interrupted, or the reason of the options' signal
 */
export async function denoiseFrom(
  start: tf.Tensor4D,
  passage: Passage,
  stopped: () => boolean,
): Promise<Passed> {
  const { scheduler, moves, options, conditioning, stream, toImages } = passage;
  const { makeNoisy = (sample) => sample.clone() } = passage;
  const { timesteps } = scheduler;
  const table = coefficientTable(scheduler, passage.begin);
  const dtype = timesteps instanceof Int32Array ? 'int32' : 'float32';
  const isGuided = guidedAt(options, scheduler.config.num_train_timesteps);
  const intermediates = new Intermediates();
  const steps = moves.filter(({ kind }) => kind === 'step').length;
  let state: DenoiseOutput = { prevSample: start, predOriginalSample: tf.zerosLike(start) };
  let done = 0;
  const { disable = false, description = 'generate', leave } = passage.barConfig;
  const barOptions = { description, unit: 'step', leave };
  const bar = loopBar(steps, barOptions, options.progressBar ?? !disable);

  const stepAt = (index: number, move: number): DenoiseOutput => {
    const timestep = timesteps[index]!;
    const key = stream.at(move + 1);
    const next = passage.step({
      sample: state.prevSample,
      previousOriginal: state.predOriginalSample,
      conditioning: isGuided(timestep) ? conditioning.guided : conditioning.alone,
      guidance: isGuided(timestep) ? guidanceOf(options) : null,
      timestep: tf.tensor1d([timestep], dtype),
      coefficients: coefficientRow(table, index),
      key: tf.tensor1d([...key], 'int32'),
    });
    if (!passage.blend) return next;
    return { ...next, prevSample: passage.blend(next.prevSample, key, index + 1) };
  };

  try {
    for (const [i, move] of moves.entries()) {
      if (stopped()) {
        throw interruption(
          options.signal,
          `The sampling was stopped after step ${done} of ${steps}; no image is whole.`,
        );
      }
      const next: DenoiseOutput = tf.tidy(() =>
        move.kind === 'step'
          ? passage.within(() => stepAt(move.index, i))
          : {
              prevSample: makeNoisy(state.prevSample, move),
              predOriginalSample: state.predOriginalSample.clone(),
            },
      );
      tf.dispose(state);
      state = next;
      if (move.kind === 'step') {
        const timestep = timesteps[move.index]!;
        const sample = () => toImages(next.prevSample);
        const predOriginalSample = () => toImages(next.predOriginalSample);
        done++;
        bar.update(1, options.isSeedDrawn ? { seed: options.seed } : {});
        if (options.returnIntermediates) {
          intermediates.push({
            timestep,
            sample: sample(),
            predOriginalSample: predOriginalSample(),
          });
        }
        await options.callbackOnStepEnd?.({
          step: done,
          steps,
          timestep,
          sample,
          predOriginalSample,
        });
      }
      await nextMacrotask();
    }
    return { images: toImages(state.prevSample), intermediates };
  } finally {
    bar.close();
    tf.dispose(state);
  }
}

/** The steps from one position of the scheduler's `timesteps` to the last. */
export function stepsFrom(begin: number, { timesteps }: Sampler): Move[] {
  return Array.from({ length: timesteps.length - begin }, (_, i) => ({
    kind: 'step',
    index: begin + i,
  }));
}
