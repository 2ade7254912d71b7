/** Runs side by side: their losses, and what their last models draw from the same noise. */
import { runsPlot, type RunCurve } from '../charts/runs-plot';
import { learntCaptions } from '../conditioning/learnt-captions';
import type { Figure } from '../figure/figure';
import { isInpaintingConfig } from '../models/inpainting-unet';
import { TextToImagePipeline } from '../pipelines/text-to-image';
import { FlowMatchEulerDiscreteScheduler } from '../schedulers/flow-match-euler-discrete';
import { makeSampler, type SamplerName } from '../schedulers/samplers';
import type { Sampler, Scheduler } from '../schedulers/scheduler';
import { loadEmaWeights } from '../training/checkpoints';
import { DIGIT_CAPTIONS } from './captions';
import { findRun, listRuns, modelFolder, runHistory } from './run-list';
import { runsFolders } from './runs';

export interface CompareRunsOptions {
  /** What each of them draws. Default: the ten digits; of a model that was trained with other captions, its first ten. */
  readonly prompts?: readonly string[];
  /** Decides the noise, the same for all. Default 422. */
  readonly seed?: number;
  /** Default 20. */
  readonly numInferenceSteps?: number;
  /** Default 1: also right for a model that was never trained without captions. */
  readonly guidanceScale?: number;
  /** Default `ddim`, over the schedule that each was trained with. Models of flow matching have their own. */
  readonly sampler?: SamplerName;
  /** Weight of the past in the smoothed loss, 0 … below 1. Default 0.95. */
  readonly smoothing?: number;
  /** Where runs are. Default: as `listRuns`. */
  readonly folders?: readonly string[];
}

/** The digits, or where a model learnt none of them its own first ten. */
function ownCaptions(unet: object): readonly string[] {
  const learnt = learntCaptions(unet) ?? DIGIT_CAPTIONS;
  return DIGIT_CAPTIONS.some((caption) => learnt.includes(caption))
    ? DIGIT_CAPTIONS
    : learnt.slice(0, 10);
}

/**
 * The losses of runs, and what their newest checkpoints draw (averaged weights, if there are some), in one figure. A model for
 * inpainting draws nothing from a prompt alone: it has its loss only.
 *
 * A loss is only comparable with one of the same target: behind each name stands what is predicted.
 *
 * @param names of runs, as `listRuns` tells them. Default: all
 * @throws Error naming the runs that are there; as `generate`; Interrupted on Stop
 */
export async function compareRuns(
  names?: readonly string[],
  options: CompareRunsOptions = {},
): Promise<Figure> {
  const { folders = runsFolders(), smoothing, prompts, sampler = 'ddim' } = options;
  const { seed = 422, numInferenceSteps = 20, guidanceScale = 1 } = options;
  const curves: RunCurve[] = [];
  for (const name of names ?? listRuns(folders).map(({ run }) => run)) {
    const steps = runHistory(findRun(name, folders));
    if (!steps?.length) {
      throw new Error(`${name}: expected a run with a log of its steps, got one without.`);
    }
    const folder = modelFolder(name, { folders });
    const pipeline = TextToImagePipeline.fromPretrained<Sampler>(folder);
    try {
      loadEmaWeights(folder, pipeline);
      const { scheduler } = pipeline;
      const isFlow = scheduler instanceof FlowMatchEulerDiscreteScheduler;
      if (!isFlow) pipeline.scheduler = makeSampler(sampler, (scheduler as Scheduler).config);
      const target = isFlow ? 'flow matching' : (scheduler as Scheduler).config.prediction_type;
      const { config } = pipeline.unet;
      if (isInpaintingConfig(config)) {
        curves.push({ name: `${name} (${target}, inpainting)`, steps });
        continue;
      }
      const drawing = { seed, numInferenceSteps, guidanceScale };
      const asked = prompts ?? ownCaptions(pipeline.unet);
      const { images: samples } = await pipeline.generate(asked, drawing);
      curves.push({ name: `${name} (${target})`, steps, samples });
    } finally {
      pipeline.dispose();
    }
  }
  if (!curves.length) {
    throw new Error('compareRuns: expected at least one run, got none. 04-train makes one.');
  }
  return runsPlot(curves, {
    title: 'Runs compared',
    ...(smoothing !== undefined && { smoothing }),
  });
}
