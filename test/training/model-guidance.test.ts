/** Guidance as a part of the target: against torch's numbers, and which images it takes. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import type { Denoiser } from '../../lib/conditioning/conditioning';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { diffusionLoss } from '../../lib/training/diffusion-loss';
import { flowMatchLoss } from '../../lib/training/flow-match-loss';
import { guidanceWeights } from '../../lib/training/model-guidance';
import type { TextToImageOptions } from '../../lib/training/text-to-image-options';
import { loadGolden } from '../support/golden';
import {
  disposeTrainers,
  inputOf,
  losses,
  tinyObjective,
  tinyTrainer,
  withoutJit,
} from './tiny-trainer';

afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 600_000 });

const golden = loadGolden('methods');
const SCALE = 1.2;
const int32 = (numbers: readonly number[]) => tf.tensor1d([...numbers], 'int32');
/** A whole batch of so many. */
const wholeOf = (size: number) => {
  const rows = tf.range(0, size, 1, 'int32');
  return { indices: rows, rows };
};

describe("the loss is torch's", () => {
  const image = (name: string) => tf.tensor4d(golden.get(`guided.${name}`)!.data, [11, 4, 4, 1]);
  /** Loss and gradients of a model with two numbers: a · sample + b · mean of the text. */
  const valueAndGrads = (lossOf: (unet: Denoiser) => tf.Scalar) => {
    const { value, grads } = tf.valueAndGrads((...numbers) => {
      const [a, b] = numbers as [tf.Tensor, tf.Tensor];
      const forward: Denoiser['forward'] = (sample, _, hidden) =>
        tf.add(tf.mul(a, sample), tf.mul(b, tf.reshape(tf.mean(hidden, [1, 2]), [-1, 1, 1, 1])));
      return lossOf({ forward });
    })([tf.scalar(0.7), tf.scalar(0.4)]);
    return { value: value.dataSync(), grads: grads.map((grad) => grad.dataSync()[0]!) };
  };
  const batch = () => ({
    latents: image('latents'),
    noise: image('noise'),
    encoderHiddenStates: tf.tensor3d(golden.get('guided.hidden')!.data, [11, 2, 3]),
    emptyHiddenStates: tf.tile(
      tf.tensor3d(golden.get('guided.empty')!.data, [1, 2, 3]),
      [11, 1, 1],
    ),
    guidance: guidanceWeights(wholeOf(11), SCALE),
  });

  it.each(['epsilon', 'v_prediction'] as const)('for %s', (type) => {
    const config = { beta_schedule: 'squaredcos_cap_v2', prediction_type: type } as const;
    const noiseScheduler = new DDPMScheduler(config);
    tf.tidy(() => {
      const timesteps = int32([...golden.get('guided.timesteps')!.data]);
      const { value, grads } = valueAndGrads((unet) =>
        diffusionLoss({ unet, noiseScheduler }, { ...batch(), timesteps }),
      );
      expect(value).toBeCloseToMax(golden.get(`guided.loss.${type}`)!.data, 1e-6);
      expect(grads).toBeCloseToMax(golden.get(`guided.grad.${type}`)!.data, 1e-6);
    });
  });

  it.each([false, true])('for flow matching, outputs preconditioned: %s', (isPreconditioned) => {
    const noiseScheduler = new FlowMatchEulerDiscreteScheduler();
    const own = { noiseScheduler, weightingScheme: 'none' } as const;
    tf.tidy(() => {
      // σ = ½ for all: preconditioned, errors count ¼
      const timesteps = tf.fill<tf.Rank.R1>([11], 500);
      const { value, grads } = valueAndGrads((unet) =>
        flowMatchLoss(
          { ...own, unet, preconditionOutputs: isPreconditioned },
          { ...batch(), timesteps },
        ),
      );
      const scale = isPreconditioned ? 4 : 1;
      const scaled = (numbers: ArrayLike<number>) => Array.from(numbers, (x) => x * scale);
      expect(scaled(value)).toBeCloseToMax(golden.get('guided.loss.flow')!.data, 1e-6);
      expect(scaled(grads)).toBeCloseToMax(golden.get('guided.grad.flow')!.data, 1e-6);
    });
  });

  it.each([1, 3, 5, 9])('however it is cut: %i rows at a time', (size) => {
    const noiseScheduler = new DDPMScheduler({ prediction_type: 'v_prediction' });
    const cut = (start: number, count: number) =>
      valueAndGrads((unet) => {
        const timesteps = int32([...golden.get('guided.timesteps')!.data]);
        const rows = <T extends tf.Tensor>(x: T) => tf.slice(x, start, count);
        const { latents, noise, encoderHiddenStates, emptyHiddenStates, guidance } = batch();
        const loss = diffusionLoss(
          { unet, noiseScheduler },
          {
            latents: rows(latents),
            noise: rows(noise),
            timesteps: rows(timesteps),
            encoderHiddenStates: rows(encoderHiddenStates),
            emptyHiddenStates: rows(emptyHiddenStates),
            guidance: rows(guidance),
          },
        );
        return tf.mul(loss, count / 11);
      });
    tf.tidy(() => {
      const whole = cut(0, 11);
      let [loss, a, b] = [0, 0, 0];
      for (let start = 0; start < 11; start += size) {
        const { value, grads } = cut(start, Math.min(size, 11 - start));
        [loss, a, b] = [loss + value[0]!, a + grads[0]!, b + grads[1]!];
      }
      expect([loss]).toBeCloseToMax(whole.value, 1e-6);
      expect([a, b]).toBeCloseToMax(whole.grads, 1e-6);
    });
  });
});

describe('modelGuidanceScale', () => {
  it.each([1, 7, 8, 9, 64])('guides every eighth of %i images; the mean is scale − 1', (size) => {
    tf.tidy(() => {
      const all = [...Array(size).keys()];
      const weights = [...guidanceWeights(wholeOf(size), SCALE).dataSync()];
      expect(all.filter((i) => weights[i]! > 0)).toEqual(all.filter((i) => i % 8 === 0));
      expect(weights.reduce((sum, weight) => sum + weight) / size).toBeCloseTo(SCALE - 1, 6);
    });
  });

  it('changes what is learnt, alike traced, op by op and in micro-batches', async () => {
    const options = { modelGuidanceScale: 1.5, captionDropout: 0.2, batchSize: 6 };
    const [traced, eager, cut, plain] = [
      tinyTrainer(options),
      tinyTrainer(options),
      tinyTrainer({ ...options, microBatchSize: 3 }),
      tinyTrainer({ ...options, modelGuidanceScale: 1 }),
    ];
    for (const trainer of [traced, cut, plain]) await trainer.fit({ maxSteps: 3 });
    await withoutJit(() => eager.fit({ maxSteps: 3 }));
    expect(losses(cut)).toBeCloseToMax(losses(traced), 1e-5);
    expect(losses(eager)).toBeCloseToMax(losses(traced), 1e-5);
    expect(losses(plain)).not.toBeCloseToMax(losses(traced), 1e-4);
  });

  it('leaks nothing', () => {
    const objective = tinyObjective({ modelGuidanceScale: 1.5, captionDropout: 0.2 });
    expect(() =>
      tf.tidy(() => {
        const { keys, ...batch } = inputOf([0, 1, 2, 3, 4], [0, 1, 2]);
        objective.loss(objective.draw(batch, keys));
      }),
    ).toLeakNothing();
  });

  it.each([0.9, 2, NaN, '1.5'])('refuses %j', (modelGuidanceScale) => {
    const options = { modelGuidanceScale, captionDropout: 0.1 } as TextToImageOptions;
    expect(() => tinyObjective(options)).toThrow(
      /modelGuidanceScale: expected a number from 1 to below 2, got/,
    );
  });

  it('refuses to depart from a prediction that is not trained', () => {
    expect(() => tinyObjective({ modelGuidanceScale: 1.5 })).toThrow(
      /modelGuidanceScale: expected 1 without captionDropout, got 1\.5/,
    );
  });
});
