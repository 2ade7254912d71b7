import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import type { GenerateOptions } from '../../lib/pipelines/generate-options';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { tinyParts } from '../support/tiny-model';

const FOUR = 'A very nicely drawn handwritten digit 4';
const SEVEN = 'A very nicely drawn handwritten digit 7';

let parts: ReturnType<typeof tinyParts>;
beforeAll(() => {
  process.env['SDM_JIT'] = 'off';
  parts = tinyParts(3);
});
afterAll(() => {
  delete process.env['SDM_JIT'];
  parts.unet.dispose();
  parts.textEncoder.dispose();
});
afterEach(() => void vi.restoreAllMocks());

async function draw(
  prompt: string | string[],
  modelMaxLength: number,
  options: Partial<GenerateOptions> = {},
) {
  const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER, { modelMaxLength });
  const pipeline = new TextToImagePipeline({ ...parts, tokenizer });
  const told: string[] = [];
  const settings: GenerateOptions = {
    seed: 7,
    numInferenceSteps: 2,
    size: [8, 6],
    onWarning: (message) => told.push(message),
    ...options,
  };
  const { images } = await pipeline.generate(prompt, settings);
  pipeline.dispose();
  return { images: [...images.data], told };
}

/** What transformers cuts: its `decode` of the ids from place 7 on, without the end token. */
const CUT = 'y drawn handwritten digit';

describe('a prompt of more tokens than the model takes', () => {
  it.each([FOUR, SEVEN])('is told of, with what is cut: %s', async (prompt) => {
    const { told } = await draw(prompt, 8);
    expect(told).toEqual([
      'The following part of your input was truncated because the model takes sequences up to 8 tokens: ' +
        `["${CUT} ${prompt.at(-1)}"], of "${prompt}".`,
    ]);
  });

  it('is quoted by its beginning, and so is what is cut, where they are long', async () => {
    const { told } = await draw('A handwritten digit 4 '.repeat(500), 8);
    expect(told).toEqual([
      expect.stringMatching(/8 tokens: \["digit 4 a .{69}…"\], of "A handwritten .{65}…"\.$/),
    ]);
  });

  it('is told of once, though it is drawn three times', async () => {
    const { told } = await draw([FOUR, SEVEN, FOUR, 'A handwritten digit 4'], 8, {
      numImagesPerPrompt: 2,
    });
    expect(told.map((message) => /"\], of "(.*)"\.$/.exec(message)?.[1])).toEqual([FOUR, SEVEN]);
  });

  it('is told of where it is the negative prompt, if that counts', async () => {
    const negativePrompt = FOUR;
    const guided = await draw('A handwritten digit 4', 8, { negativePrompt, guidanceScale: 2 });
    expect(guided.told).toHaveLength(1);
    expect(guided.told[0]).toContain(`of "${FOUR}".`);
    expect((await draw('A handwritten digit 4', 8, { negativePrompt })).told).toEqual([]);
  });

  it('is a warning of the process unless another receiver is given', async () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await draw(FOUR, 8, { onWarning: undefined });
    expect(emit).toHaveBeenCalledTimes(1);
    expect(emit.mock.calls[0]).toEqual([
      expect.stringContaining(`["${CUT} 4"]`),
      'TruncationWarning',
    ]);
  });
});

it('nothing is told where nothing is cut', async () => {
  expect((await draw(['', 'A handwritten digit 4'], 8, { guidanceScale: 3 })).told).toEqual([]);
});

it('a model that takes 16 tokens draws two pictures of two prompts', async () => {
  const [four, seven] = [await draw(FOUR, 16), await draw(SEVEN, 16)];
  expect([...four.told, ...seven.told]).toEqual([]);
  expect(four.images).not.toEqual(seven.images);
  expect((await draw(FOUR, 8)).images).toEqual((await draw(SEVEN, 8)).images);
});
