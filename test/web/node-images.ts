/** The images of one seed after another, by samplers and guidance: the same for a page's library and for the package. */
import type { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import type { makeSampler, SamplerName } from '../../lib/schedulers/samplers';

export const SAMPLERS: readonly SamplerName[] = ['ddpm', 'ddim', 'dpm-solver++'];
export const GUIDANCE = [1, 1.5];

export interface DrawnImages {
  readonly sampler: SamplerName;
  readonly guidanceScale: number;
  readonly seed: number;
  readonly pixels: number[];
}

/** @param make the library's own `makeSampler` */
export async function drawAll(
  pipeline: TextToImagePipeline,
  make: typeof makeSampler,
  seeds: readonly number[],
  numInferenceSteps: number,
): Promise<DrawnImages[]> {
  const drawn: DrawnImages[] = [];
  const trained = pipeline.scheduler.config;
  for (const seed of seeds) {
    for (const sampler of SAMPLERS) {
      for (const guidanceScale of GUIDANCE) {
        pipeline.scheduler = make(sampler, trained);
        const prompt = `A handwritten digit ${seed % 10}`;
        const options = { seed, numInferenceSteps, guidanceScale, progressBar: false };
        const { images } = await pipeline.generate(prompt, options);
        drawn.push({ sampler, guidanceScale, seed, pixels: [...images.data] });
      }
    }
  }
  return drawn;
}
