/** Flow matching's loss against diffusers' script, and a training by it. */
import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { densityOf, flowMatchLoss, WEIGHTING_SCHEMES } from '../../lib/training/flow-match-loss';
import { FlowMatchObjective, type FlowMatchOptions } from '../../lib/training/flow-match-objective';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { Trainer } from '../../lib/training/trainer';
import { temporaryFolder } from '../parity/python';
import { loadGolden } from '../support/golden';
import { nchw, nhwc } from '../support/model';
import { tinyParts } from '../support/tiny-model';
import { firstImages } from './tiny-trainer';

const golden = loadGolden('flow');
const value = (name: string) => golden.get(name)!.data;
const scheduler = new FlowMatchEulerDiscreteScheduler({ shift: 3 });
const density = { logitMean: 0.2, logitStd: 1.5, modeScale: 1.29 };

describe.each(WEIGHTING_SCHEMES)('%s', (weightingScheme) => {
  const drawn = () => {
    const given = weightingScheme === 'logit_normal' ? value('in.normal') : value('in.uniform');
    const raw = Float32Array.from(given, (x) => (weightingScheme === 'logit_normal' ? x : x + 0.5));
    return tf.tidy(() =>
      scheduler.timestepsAt(densityOf({ weightingScheme, ...density }, tf.tensor1d(raw))),
    );
  };

  it('draws the time steps of the script', () => {
    const timesteps = drawn();
    expect(timesteps.dataSync()).toBeCloseToMax(value(`drawn.${weightingScheme}`), 1e-6);
    timesteps.dispose();
  });

  it.each([false, true])('has its loss, preconditioned: %s', (preconditionOutputs) => {
    tf.tidy(() => {
      const timesteps = drawn();
      const [latents, noise, prediction] = ['x0', 'noise', 'prediction'].map((name) =>
        nhwc(golden.get(`in.${name}`)!),
      ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const unet = {
        forward: (noisy: tf.Tensor4D) => {
          expect(nchw(noisy.slice(0, 4))).toBeCloseToMax(value(`noisy.${weightingScheme}`), 2e-6);
          return prediction.clone();
        },
      };
      const batch = {
        latents,
        noise,
        timesteps,
        encoderHiddenStates: tf.zeros<tf.Rank.R3>([32, 1, 1]),
      };
      const parts = { unet, noiseScheduler: scheduler, weightingScheme, preconditionOutputs };
      const loss = flowMatchLoss(parts, batch).dataSync()[0]!;
      const kind = preconditionOutputs ? 'preconditioned' : 'plain';
      expect(loss / value(`loss.${weightingScheme}.${kind}`)[0]!).toBeCloseTo(1, 5);
    });
  });
});

describe('FlowMatchObjective', () => {
  const made: { dispose(): void }[] = [];
  afterEach(() => made.splice(0).forEach((thing) => thing.dispose()));
  const objectiveOf = (options: FlowMatchOptions = {}) => {
    const { scheduler: _, ...models } = tinyParts(1);
    const parts = {
      ...models,
      noiseScheduler: new FlowMatchEulerDiscreteScheduler(),
      dataset: firstImages(8),
    };
    const objective = new FlowMatchObjective(parts, options);
    made.push(objective, models.unet, models.textEncoder);
    return objective;
  };

  it('trains, is resumed to the bit, and is sampled by its scheduler', async () => {
    const folder = temporaryFolder();
    const options = { batchSize: 8, learningRate: 2e-3, seed: 5 };
    const [straight, cut, later] = [0, 1, 2].map(() => new Trainer(objectiveOf(), options));
    made.unshift(straight!, cut!, later!);
    const { steps } = await straight!.fit({ maxSteps: 40 });
    const mean = (from: number) =>
      steps.slice(from, from + 8).reduce((sum, s) => sum + s.loss / 8, 0);
    expect(mean(32)).toBeLessThan(0.7 * mean(0));
    await cut!.fit({ maxSteps: 2 });
    saveTraining(folder, cut!);
    expect(resumeTraining(folder, later!)).toBe(2);
    const { steps: gone } = await later!.fit({ maxSteps: 4 });
    expect(gone.map(({ loss }) => loss)).toEqual(steps.slice(0, 4).map(({ loss }) => loss));

    const { unet, textEncoder, tokenizer, noiseScheduler } = straight!.objective;
    const pipeline = new TextToImagePipeline({
      unet,
      textEncoder,
      tokenizer,
      scheduler: noiseScheduler,
    });
    const drawn = await pipeline.generate('A handwritten digit 4', {
      seed: 1,
      numInferenceSteps: 4,
    });
    expect(drawn.images.shape).toEqual([1, 28, 28, 1]);
    pipeline.dispose();
  });

  it.each([
    [{ weightingScheme: 'sd3' }, /weightingScheme: expected one of none/],
    [{ logitStd: 0 }, /logitStd/],
    [{ logitMean: NaN }, /logitMean/],
    [{ modeScale: 'x' }, /modeScale/],
    [{ preconditionOutputs: 1 }, /preconditionOutputs/],
    [{ minSnrGamma: 5 }, /schedule of betas/],
    [{ timestepBiasStrategy: 'later' }, /weightingScheme says here which time steps/],
    [{ shift: 3 }, /shift: unknown option/],
  ])('refuses %j', (options, message) => {
    expect(() => objectiveOf(options as FlowMatchOptions)).toThrow(message);
    const { unet, textEncoder } = tinyParts();
    made.push(unet, textEncoder);
  });
});
