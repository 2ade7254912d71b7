/** A pipeline of small models for a test file, disposed at its end. */
import { afterAll, beforeAll } from 'vitest';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { tinyParts } from './tiny-model';

export interface TinyPipeline {
  readonly parts: ReturnType<typeof tinyParts>;
  readonly pipeline: TextToImagePipeline;
}

/** To be called once at a test file's top. @param onReady is given the pipeline before the first test */
export function useTinyPipeline(onReady: (made: TinyPipeline) => void): void {
  let made: TinyPipeline;
  beforeAll(() => {
    const parts = tinyParts(3);
    made = { parts, pipeline: new TextToImagePipeline(parts) };
    onReady(made);
  });
  afterAll(() => {
    made.pipeline.dispose();
    made.parts.unet.dispose();
    made.parts.textEncoder.dispose();
  });
}
