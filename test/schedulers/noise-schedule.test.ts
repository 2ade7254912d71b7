import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { EulerDiscreteScheduler } from '../../lib/schedulers/euler-discrete';
import { minSnrWeights } from '../../lib/schedulers/forward-process';
import { NoiseSchedule } from '../../lib/schedulers/noise-schedule';
import { PREDICTION_TYPES } from '../../lib/schedulers/prediction';

const images = tf.linspace(-1, 1, 8).reshape([2, 2, 2, 1]);
const noise = tf.linspace(2, -2, 8).reshape([2, 2, 2, 1]);
const timesteps = tf.tensor1d([3, 700], 'int32');

it.each(PREDICTION_TYPES)('is what a scheduler is made over (%s)', (prediction_type) => {
  const scheduler = new DDPMScheduler({ prediction_type, beta_schedule: 'squaredcos_cap_v2' });
  const schedule = new NoiseSchedule(scheduler.config);
  expect(scheduler.noiseSchedule.alphasCumprod).toBe(scheduler.alphasCumprod);
  expect(schedule.betas).toEqual(scheduler.betas);
  const noisy = schedule.addNoise(images, noise, timesteps).dataSync();
  expect(noisy).toEqual(scheduler.addNoise(images, noise, timesteps).dataSync());
  const target = schedule.predictionTarget(images, noise, timesteps).dataSync();
  const velocity = scheduler.getVelocity(images, noise, timesteps).dataSync();
  const expected = { epsilon: noise.dataSync(), sample: images.dataSync(), v_prediction: velocity };
  expect(target).toEqual(expected[prediction_type]);
});

it("has diffusers' ratios and min-SNR weights", () => {
  const { noiseSchedule } = new DDPMScheduler();
  // compute_snr(DDPMScheduler(), [3, 700]) and min(SNR, 5) / SNR of diffusers' train_text_to_image.py
  const a = [3, 700].map((t) => noiseSchedule.alphasCumprod[t]!);
  const snr = a.map((alphaBar) => alphaBar / (1 - alphaBar));
  expect(noiseSchedule.computeSnr(timesteps).dataSync()).toBeCloseToMax(snr, 1e-4);
  const weights = snr.map((ratio) => Math.min(ratio, 5) / ratio);
  expect(noiseSchedule.minSnrWeights(5, timesteps).dataSync()).toBeCloseToMax(weights, 1e-4);
});

describe('a schedule that ends in pure noise', () => {
  const config = {
    prediction_type: 'v_prediction',
    rescale_betas_zero_snr: true,
    num_train_timesteps: 10,
  } as const;

  it('has ᾱ = 0 there, or as near to it as samplers over σ can go', () => {
    const { noiseSchedule } = new DDPMScheduler(config);
    expect(noiseSchedule.alphasCumprod[9]).toBe(0);
    expect(new EulerDiscreteScheduler(config).alphasCumprod[9]).toBe(2 ** -24);
    const finite = new NoiseSchedule(noiseSchedule.config, { hasFiniteSigmas: true });
    expect([...finite.alphasCumprod.slice(0, 9)]).toEqual([
      ...noiseSchedule.alphasCumprod.slice(0, 9),
    ]);
  });

  it('is all noise where it is a single step', () => {
    const { betas, alphasCumprod } = new DDPMScheduler({ ...config, num_train_timesteps: 1 });
    expect([[...betas], [...alphasCumprod]]).toEqual([[1], [0]]);
  });

  it('weighs the velocity by 0 there, and refuses a weight of the noise: 0 / 0', () => {
    const { alphasCumprod, noiseSchedule } = new DDPMScheduler(config);
    const last = tf.tensor1d([9], 'int32');
    expect(noiseSchedule.minSnrWeights(5, last).dataSync()[0]).toBe(0);
    expect(minSnrWeights(alphasCumprod, 'sample', 5, last).dataSync()[0]).toBe(0);
    expect(() => minSnrWeights(alphasCumprod, 'epsilon', 5, last)).toThrow(
      "minSnrWeights: expected alphasCumprod > 0 with predictionType 'epsilon', got 0 at time step 9",
    );
  });

  it.each([0, -1, NaN])('refuses gamma %d', (gamma) => {
    const { noiseSchedule } = new DDPMScheduler();
    expect(() => noiseSchedule.minSnrWeights(gamma, timesteps)).toThrow(
      `minSnrWeights: expected gamma > 0, got ${gamma}.`,
    );
  });
});

it('leaks nothing', () => {
  const { noiseSchedule } = new DDPMScheduler({ prediction_type: 'v_prediction' });
  expect(() => {
    tf.dispose([
      noiseSchedule.addNoise(images, noise, timesteps),
      noiseSchedule.getVelocity(images, noise, timesteps),
      noiseSchedule.predictionTarget(images, noise, timesteps),
      noiseSchedule.computeSnr(timesteps),
      noiseSchedule.minSnrWeights(5, timesteps),
    ]);
  }).toLeakNothing();
});
