/** The contrastive loss against torch's numbers, and which pairs it takes. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { stateDict } from '../../lib/nn/state-dict';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { diffusionLoss } from '../../lib/training/diffusion-loss';
import { flowMatchLoss } from '../../lib/training/flow-match-loss';
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
const WEIGHT = 0.05;

const image = (name: string) => tf.tensor4d(golden.get(`contrast.${name}`)!.data, [7, 4, 4, 1]);
/** The next one of the batch, the first after the last. */
const next = (x: tf.Tensor4D) =>
  tf.tidy(() => tf.concat([tf.slice(x, [1, 0, 0, 0]), tf.slice(x, [0, 0, 0, 0], [1, 4, 4, 1])]));

describe("the loss is torch's", () => {
  const pairs = () => {
    const [latents, noise] = [image('latents'), image('noise')];
    const others = { otherLatents: next(latents), otherNoise: next(noise) };
    return { latents, noise, ...others, encoderHiddenStates: tf.zeros<tf.Rank.R3>([7, 1, 1]) };
  };
  /** Loss and its gradient for the prediction. */
  const valueAndGrad = (lossOf: (prediction: tf.Tensor4D) => tf.Scalar) => {
    const { value, grad } = tf.valueAndGrad(lossOf as (x: tf.Tensor) => tf.Tensor)(
      image('prediction'),
    );
    return { value: value.dataSync(), grad: grad.dataSync() };
  };

  it.each(['epsilon', 'v_prediction'] as const)('for %s', (type) => {
    const config = { beta_schedule: 'squaredcos_cap_v2', prediction_type: type } as const;
    const noiseScheduler = new DDPMScheduler(config);
    tf.tidy(() => {
      const timesteps = tf.tensor1d([...golden.get('minsnr.timesteps')!.data], 'int32');
      const { value, grad } = valueAndGrad((prediction) =>
        diffusionLoss(
          { unet: { forward: () => prediction }, noiseScheduler, contrastiveWeight: WEIGHT },
          { ...pairs(), timesteps },
        ),
      );
      expect(value).toBeCloseToMax(golden.get(`contrast.loss.${type}`)!.data, 1e-6);
      expect(grad).toBeCloseToMax(golden.get(`contrast.grad.${type}`)!.data, 1e-6);
    });
  });

  it.each([false, true])('for flow matching, outputs preconditioned: %s', (isPreconditioned) => {
    const noiseScheduler = new FlowMatchEulerDiscreteScheduler();
    tf.tidy(() => {
      // σ = ½ for all: preconditioned, errors count ¼
      const timesteps = tf.fill<tf.Rank.R1>([7], 500);
      const own = { noiseScheduler, weightingScheme: 'none', contrastiveWeight: WEIGHT } as const;
      const { value, grad } = valueAndGrad((prediction) =>
        flowMatchLoss(
          { ...own, unet: { forward: () => prediction }, preconditionOutputs: isPreconditioned },
          { ...pairs(), timesteps },
        ),
      );
      const scale = isPreconditioned ? 4 : 1;
      const scaled = (numbers: ArrayLike<number>) => Array.from(numbers, (x) => x * scale);
      expect(scaled(value)).toBeCloseToMax(golden.get('contrast.loss.flow')!.data, 1e-6);
      expect(scaled(grad)).toBeCloseToMax(golden.get('contrast.grad.flow')!.data, 1e-6);
    });
  });
});

describe('contrastiveWeight', () => {
  const draw = (rows: readonly number[], options: TextToImageOptions) =>
    tf.tidy(() => {
      const { keys, ...batch } = inputOf([7, 3, 9999, 0, 5], rows);
      const drawn = tinyObjective(options).draw(batch, keys);
      return Object.fromEntries(
        Object.entries(drawn).map(([name, x]) => [name, [...x.dataSync()]]),
      );
    });

  it.each([{}, { offsetNoise: 0.1 }])(
    "gives each image the next one's image and noise, however the batch is cut (%j)",
    (options) => {
      const plain = draw([0, 1, 2, 3, 4], options);
      const size = plain['latents']!.length / 5;
      const rolled = (name: string) => {
        const numbers = plain[name]!;
        return [...numbers.slice(size), ...numbers.slice(0, size)];
      };
      const contrastive = { ...options, contrastiveWeight: WEIGHT };
      const [whole, first, rest] = [
        [0, 1, 2, 3, 4],
        [0, 1],
        [2, 3, 4],
      ].map((rows) => draw(rows, contrastive));
      expect(whole!['otherLatents']).toEqual(rolled('latents'));
      expect(whole!['otherNoise']).toEqual(rolled('noise'));
      for (const [name, numbers] of Object.entries(whole!)) {
        expect([...first![name]!, ...rest![name]!], name).toEqual(numbers);
        if (plain[name]) expect(numbers, name).toEqual(plain[name]);
      }
      expect(plain['otherNoise']).toBeUndefined();
    },
  );

  it('changes what is learnt, alike traced, op by op and in micro-batches', async () => {
    const options = { contrastiveWeight: 0.1 };
    const [traced, eager, cut, plain] = [
      tinyTrainer(options),
      tinyTrainer(options),
      tinyTrainer({ ...options, microBatchSize: 3 }),
      tinyTrainer(),
    ];
    for (const trainer of [traced, cut, plain]) await trainer.fit({ maxSteps: 3 });
    await withoutJit(() => eager.fit({ maxSteps: 3 }));
    expect(losses(cut)).toBeCloseToMax(losses(traced), 1e-5);
    expect(losses(eager)).toBeCloseToMax(losses(traced), 1e-5);
    expect(losses(plain)).not.toBeCloseToMax(losses(traced), 1e-2);
    const weight = (trainer: typeof traced) =>
      stateDict(trainer.objective.unet).get('conv_in.weight')!.data;
    expect(weight(plain)).not.toBeCloseToMax(weight(traced), 1e-3);
  });

  it.each([-0.1, 1, NaN, '0.05'])('refuses %j', (contrastiveWeight) => {
    const options = { contrastiveWeight } as TextToImageOptions;
    expect(() => tinyObjective(options)).toThrow(
      /contrastiveWeight: expected a number from 0 to below 1, got/,
    );
  });
});
