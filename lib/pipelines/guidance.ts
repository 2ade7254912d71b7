/** When and how strongly a step is guided. */
import { tf } from '../backend';
import type { Guidance } from './denoise-step';
import type { ResolvedGenerateOptions } from './generate-options';

/** Whether a step is guided: outside of the interval the prompts alone count. */
export function guidedAt(
  { guidanceScale, guidanceInterval: [from, to] }: ResolvedGenerateOptions,
  numTrainTimesteps: number,
): (timestep: number) => boolean {
  return (timestep) => {
    const share = timestep / numTrainTimesteps;
    return guidanceScale !== 1 && from <= share && share <= to;
  };
}

/** As tensors of the caller's. */
export function guidanceOf({ guidanceScale, guidanceRescale }: ResolvedGenerateOptions): Guidance {
  return {
    scale: tf.scalar(guidanceScale),
    rescale: guidanceRescale === 0 ? null : tf.scalar(guidanceRescale),
  };
}
