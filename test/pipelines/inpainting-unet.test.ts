/** UNets that see the mask and what is kept: forward, gradient and trajectories of diffusers, and a training. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { inpaintingUNet } from '../../lib/models/inpainting-unet';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { loadStateDict, stateDict } from '../../lib/nn/state-dict';
import { ImageToImagePipeline } from '../../lib/pipelines/image-to-image';
import { InpaintPipeline } from '../../lib/pipelines/inpaint';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { EulerDiscreteScheduler } from '../../lib/schedulers/euler-discrete';
import { HeunDiscreteScheduler } from '../../lib/schedulers/heun-discrete';
import type { Scheduler } from '../../lib/schedulers/scheduler';
import { diffusionLoss } from '../../lib/training/diffusion-loss';
import { goldenFolder, loadGolden } from '../support/golden';
import { fixtureModelFolder, nchw, nhwc } from '../support/model';
import { pictureOf, seeingCodec } from '../support/picture-parts';

const golden = loadGolden('inpainting');
const config = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012 } as const;
const SCHEDULERS: Record<string, () => Scheduler> = {
  ddpm: () => new DDPMScheduler(config),
  euler: () => new EulerDiscreteScheduler(config),
  heun: () => new HeunDiscreteScheduler(config),
};
const told = JSON.parse(
  readFileSync(path.join(goldenFolder('inpainting'), 'runs.json'), 'utf8'),
) as Record<string, { first: number; count: number; steps: number; scale: number }>;

const drawnImage = golden.get('in.image')!;
const image = pictureOf({
  shape: drawnImage.shape,
  data: Float32Array.from(drawnImage.data, (x) => x + 0.5),
});
const mask = pictureOf(golden.get('in.mask')!);

/** Texts '0' and '1' are the rows of the case's context, '' what guidance departs from. */
const rows = ['0', '1', ''];
const tokenizer = {
  vocabSize: 3,
  modelMaxLength: 1,
  encode: (texts: string | readonly string[]) => {
    const list = [texts].flat();
    const input_ids = Int32Array.from(list, (text) => rows.indexOf(text));
    return { input_ids, shape: [list.length, 1] as const };
  },
};
const textEncoder = {
  config: { hidden_size: 32, vocab_size: 3 },
  lastHiddenState: (ids: tf.Tensor2D) =>
    tf.tidy(() => {
      const context = [
        ...golden.get('in.encoder_hidden_states')!.data,
        ...golden.get('in.empty')!.data,
      ];
      return tf.gather(tf.tensor3d(context, [3, 8, 32]), tf.reshape(ids, [-1])) as tf.Tensor3D;
    }),
};

let unet: UNet2DConditionModel;
let text: TextToImagePipeline<UNet2DConditionModel, typeof textEncoder, typeof tokenizer>;
const codec = seeingCodec();
beforeAll(() => {
  unet = UNet2DConditionModel.fromPretrained(fixtureModelFolder('inpainting'));
  text = new TextToImagePipeline({
    unet,
    textEncoder,
    tokenizer,
    scheduler: SCHEDULERS['ddpm']!(),
    codec,
  });
});
afterAll(() => {
  text.dispose();
  unet.dispose();
});

/** What the golden's step of training is of. */
function batch() {
  const x0 = tf.sub<tf.Tensor4D>(tf.mul(tf.tensor4d(image.data, [2, 8, 8, 1]), 2), 1);
  const open = tf.tensor4d(mask.data, [2, 8, 8, 1]);
  return {
    latents: x0,
    noise: nhwc(golden.get('in.noise')!) as tf.Tensor4D,
    timesteps: tf.tensor1d([20, 700], 'int32'),
    encoderHiddenStates: tf.tensor3d(golden.get('in.encoder_hidden_states')!.data, [2, 8, 32]),
    mask: open,
    maskedImageLatents: tf.mul<tf.Tensor4D>(x0, tf.sub(1, open)),
  };
}

describe('the UNet', () => {
  const noiseScheduler = new DDPMScheduler(config);

  it('predicts what that of diffusers does of the three joined', () => {
    tf.tidy(() => {
      const { latents, noise, timesteps, encoderHiddenStates, ...extras } = batch();
      const noisy = noiseScheduler.addNoise(latents, noise, timesteps);
      const found = unet.forward(noisy, timesteps, encoderHiddenStates, extras);
      expect(nchw(found)).toBeCloseToMax(golden.get('out.forward')!.data, 2e-5);
    });
  });

  it('has the loss over the whole image, and its gradient', () => {
    tf.tidy(() => {
      const weight = unet.conv_in.weight;
      const loss = () => diffusionLoss({ unet, noiseScheduler }, batch());
      const { value, grads } = tf.variableGrads(loss, [weight]);
      expect(value.dataSync()[0]! / golden.get('out.loss')!.data[0]!).toBeCloseTo(1, 5);
      const found = tf.transpose(Object.values(grads)[0]! as tf.Tensor4D, [3, 2, 0, 1]); // torch's order
      expect(found.dataSync()).toBeCloseToMax(golden.get('grad.conv_in.weight')!.data, 1e-4);
    });
  });

  it('refuses what does not fit its channels', () => {
    tf.tidy(() => {
      const { latents, timesteps, encoderHiddenStates, mask: open } = batch();
      const forward = (extras: object) => () =>
        unet.forward(latents, timesteps, encoderHiddenStates, extras);
      expect(forward({})).toThrow('expected sample [B, H, W, 3]');
      expect(forward({ mask: open })).toThrow('[2, 8, 8, 1] + [2, 8, 8, 1]');
      const small = tf.zeros([2, 4, 4, 1]);
      expect(forward({ mask: open, maskedImageLatents: small })).toThrow('[2, 4, 4, 1]');
    });
  });
});

describe('inpaintingUNet', () => {
  /** The case's UNet without the channels for mask and picture. */
  function thinUNet() {
    const state = stateDict(unet);
    const { data } = state.get('conv_in.weight')!;
    const [out] = [data.length / 27];
    const first = Float32Array.from(
      { length: out * 9 },
      (_, i) => data[Math.floor(i / 9) * 27 + (i % 9)]!,
    );
    state.set('conv_in.weight', { shape: [out, 1, 3, 3], data: first });
    const made = new UNet2DConditionModel(
      { ...unet.config, in_channels: 1 },
      new Generator(0).stream('init'),
    );
    loadStateDict(made, state, 'the case');
    return made;
  }

  it('predicts what the trained one does, whatever mask and picture are', () => {
    const thin = thinUNet();
    const wide = inpaintingUNet(thin);
    expect(wide.config).toEqual({ ...thin.config, in_channels: 3 });
    tf.tidy(() => {
      const { latents, noise, timesteps, encoderHiddenStates, ...extras } = batch();
      const noisy = new DDPMScheduler(config).addNoise(latents, noise, timesteps);
      const found = [
        nchw(thin.forward(noisy, timesteps, encoderHiddenStates)),
        nchw(wide.forward(noisy, timesteps, encoderHiddenStates, extras)),
      ];
      expect(found[0]).toBeCloseToMax(golden.get('out.thin')!.data, 2e-5);
      expect(found[1]).toBeCloseToMax(golden.get('out.widened')!.data, 2e-5);
    });
    for (const [name, { data }] of stateDict(thin)) {
      if (name !== 'conv_in.weight') expect(stateDict(wide).get(name)!.data).toEqual(data);
    }
    expect(() => inpaintingUNet(wide)).toThrow(
      'inpaintingUNet: expected a text-to-image UNet, with as many channels in as out, got in_channels 3 and out_channels 1.',
    );
    const leak = () => inpaintingUNet(thin).dispose();
    expect(leak).toLeakNothing();
    wide.dispose();
    thin.dispose();
  });
});

describe('InpaintPipeline', () => {
  it.each(Object.keys(told))('takes the trajectory of diffusers, guided: %s', async (run) => {
    const [name, ...rest] = run.split('.') as [string, ...string[]];
    const { steps: numInferenceSteps, scale: guidanceScale, count, first } = told[run]!;
    const pipeline = InpaintPipeline.fromPipe(text);
    pipeline.scheduler = SCHEDULERS[name]!();
    const timesteps: number[] = [];
    const before = tf.memory().numTensors;
    const { images } = await pipeline.generate(['0', '1'], {
      seed: 11,
      numInferenceSteps,
      guidanceScale,
      strength: Number(rest.join('.')),
      image,
      mask,
      callbackOnStepEnd: ({ timestep }) => void timesteps.push(timestep),
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(codec.last).toBeCloseToMax(golden.get(`out.${run}`)!.data, 2e-5);
    expect(timesteps).toHaveLength(count);
    expect(timesteps[0]).toBeCloseTo(first, 3);
    mask.data.forEach((open, i) => {
      if (open === 0) expect(images.data[i]).toBe(image.data[i]); // put back, to the bit
    });
  });

  it('has no RePaint with it, and no other pipeline takes it', async () => {
    const given = { image, mask, numInferenceSteps: 2 };
    const jumps = { jumpLength: 1, jumpNSample: 2 };
    await expect(
      InpaintPipeline.fromPipe(text).generate('0', { ...given, ...jumps }),
    ).rejects.toThrow(/RePaint is for ordinary ones/);
    await expect(text.generate('0')).rejects.toThrow(
      'TextToImagePipeline: expected a UNet that takes as many channels as it gives, got one for inpainting (3 in, 1 out).',
    );
    await expect(
      ImageToImagePipeline.fromPipe(text).generate('0', { image, numInferenceSteps: 2 }),
    ).rejects.toThrow(/InpaintPipeline draws with it/);
  });
});
