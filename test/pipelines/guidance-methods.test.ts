/** Guidance rescale and guidance interval, and samplers in the pipeline. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import { tf } from '../../lib/backend';
import { namedParameters } from '../../lib/nn/state-dict';
import { rescaleNoiseCfg } from '../../lib/pipelines/denoise-step';
import type { GenerateOptions } from '../../lib/pipelines/generate-options';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator, randn } from '../../lib/random';
import { makeSampler, SAMPLER_NAMES, type SamplerName } from '../../lib/schedulers/samplers';
import { loadGolden } from '../support/golden';
import { tinyParts } from '../support/tiny-model';

const golden = loadGolden('methods');
const PROMPT = 'A handwritten digit 4';
const SIZE: [number, number] = [8, 6];
const parts = tinyParts(3);
for (const [name, p] of namedParameters(parts.textEncoder)) {
  if (name.includes('token_embedding')) tf.tidy(() => p.assign(tf.mul(p, 20))); // texts that matter
}
afterAll(() => {
  parts.unet.dispose();
  parts.textEncoder.dispose();
});
beforeEach(() => runFunctionsEagerly(true));
afterEach(() => runFunctionsEagerly(false));

const pipelineOf = (name: SamplerName) =>
  new TextToImagePipeline({ ...parts, scheduler: makeSampler(name, parts.scheduler.config) });

async function draw(options: Partial<GenerateOptions> = {}, name: SamplerName = 'ddpm') {
  const settings = { seed: 7, numInferenceSteps: 4, guidanceScale: 6, size: SIZE, ...options };
  return (await pipelineOf(name).generate(PROMPT, settings)).images.data;
}

const image = (name: string) => {
  const { data, shape } = golden.get(name)!;
  return tf.tensor4d(data, [shape[0]!, shape[2]!, shape[3]!, 1]); // one channel: the same numbers
};

it.each([0, 0.7, 1])('guidance rescale %d is rescale_noise_cfg of diffusers', (share) => {
  const [cond, uncond] = [image('rescale.cond'), image('rescale.uncond')];
  const found = tf.tidy(() => {
    const guided = uncond.add(cond.sub(uncond).mul(7.5));
    return rescaleNoiseCfg(guided, cond, tf.scalar(share)).dataSync();
  });
  const expected = golden.get(`rescale.out.${share === 0.7 ? share : share.toFixed(1)}`)!.data;
  expect(found).toBeCloseToMax(expected, 1e-6);
  const phi = tf.scalar(share);
  expect(() => rescaleNoiseCfg(uncond, cond, phi).dispose()).toLeakNothing();
});

/** The sampling written out, with guidance and its rescale only where `isGuided`. */
function byHand(isGuided: (t: number) => boolean, rescale: number): Float32Array {
  const { unet, textEncoder, tokenizer } = parts;
  const scheduler = makeSampler('ddpm', parts.scheduler.config);
  const stream = new Generator(7).stream('sampling');
  return tf.tidy(() => {
    const [u, c] = ['', PROMPT].map((text) => {
      const { input_ids } = tokenizer.encode(text, { maxLength: 8 });
      return textEncoder.lastHiddenState(tf.tensor2d(input_ids, [1, 8], 'int32'));
    }) as [tf.Tensor3D, tf.Tensor3D];
    let x = randn<tf.Rank.R4>([1, ...SIZE, 1], stream.at(0));
    scheduler.setTimesteps(4);
    scheduler.timesteps.forEach((t, i) => {
      const time = tf.tensor1d([t], 'int32');
      const cond = unet.forward(x, time, c);
      const uncond = unet.forward(x, time, u);
      const guided = uncond.add(cond.sub(uncond).mul(6));
      const rescaled = guided
        .mul(tf.moments(cond).variance.sqrt())
        .div(tf.moments(guided).variance.sqrt());
      const mixed = rescaled.mul(rescale).add(guided.mul(1 - rescale));
      const output = isGuided(t) ? mixed : cond;
      x = scheduler.step(output, t, x, randn(x.shape, stream.at(i + 1))).prevSample as tf.Tensor4D;
    });
    return x.div(2).add(0.5).clipByValue(0, 1).dataSync<'float32'>();
  });
}

describe('generate', () => {
  it('rescales the guided prediction', async () => {
    const images = await draw({ guidanceRescale: 0.7 });
    expect(images).toBeCloseToMax(
      byHand(() => true, 0.7),
      1e-4,
    );
    expect(images).not.toBeCloseToMax(await draw(), 1e-2);
  });

  it('guides within its interval only: time steps 500 and 250 of 750, 500, 250, 0', async () => {
    const images = await draw({ guidanceInterval: [0.2, 0.6] });
    expect(images).toBeCloseToMax(
      byHand((t) => t === 500 || t === 250, 0),
      1e-4,
    );
    expect(images).not.toBeCloseToMax(await draw(), 1e-2);
    expect(await draw({ guidanceInterval: [0, 1] })).toEqual(await draw());
  });

  it('names what is out of range', async () => {
    await expect(draw({ guidanceRescale: 2 })).rejects.toThrow(
      'guidanceRescale: expected a number from 0 to 1, got 2',
    );
    await expect(draw({ guidanceInterval: [0.5, 0.2] })).rejects.toThrow(
      'guidanceInterval: expected [from, to] with 0 ≤ from ≤ to ≤ 1, got [0.5,0.2]',
    );
  });
});

it.each(SAMPLER_NAMES)('%s draws the same images traced and op by op', async (name) => {
  const options = {
    numInferenceSteps: 3,
    guidanceRescale: 0.5,
    guidanceInterval: [0.1, 1] as const,
  };
  const eager = await draw(options, name);
  runFunctionsEagerly(false);
  expect(await draw(options, name)).toBeCloseToMax(eager, 1e-4);
});
