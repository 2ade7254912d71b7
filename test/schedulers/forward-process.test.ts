import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { computeSnr } from '../../lib/schedulers/forward-process';
import { golden, goldenTensor } from './golden-run';

const scheduler = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
const x0 = goldenTensor('in.x0');
const noise = goldenTensor('in.noise');
const t = goldenTensor('in.t') as tf.Tensor1D;

describe('the forward process', () => {
  it("adds diffusers' noise", () => {
    const noisy = scheduler.addNoise(x0, noise, t);
    expect(noisy.dataSync()).toBeCloseToMax(golden.get('out.add_noise')!.data, 1e-6);
  });

  it("has diffusers' velocity", () => {
    const velocity = scheduler.getVelocity(x0, noise, t);
    expect(velocity.dataSync()).toBeCloseToMax(golden.get('out.velocity')!.data, 1e-6);
  });

  it("has diffusers' signal-to-noise ratios", () => {
    const snr = computeSnr(scheduler.alphasCumprod, t).dataSync();
    const expected = golden.get('out.snr')!.data;
    snr.forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(1e-5));
  });

  it('lets the gradient of the samples through', () => {
    const gradient = tf
      .grad((x: tf.Tensor) => scheduler.addNoise(x, noise, t).sum())(x0)
      .dataSync();
    const ones = golden.get('in.x0')!.data.length / 4;
    const expected = Float32Array.from(gradient, (_, i) => {
      return Math.sqrt(scheduler.alphasCumprod[[0, 1, 500, 999][Math.floor(i / ones)]!]!);
    });
    expect(gradient).toBeCloseToMax(expected, 1e-6);
  });

  it('leaks nothing', () => {
    expect(() => {
      tf.dispose([
        scheduler.addNoise(x0, noise, t),
        scheduler.getVelocity(x0, noise, t),
        computeSnr(scheduler.alphasCumprod, t),
      ]);
    }).toLeakNothing();
  });
});

describe('refusals', () => {
  it('names noise and time steps of the wrong shape together', () => {
    const three = tf.tensor1d([1, 2, 3], 'int32');
    expect(() => scheduler.addNoise(x0, tf.zeros([4, 28, 28, 3]), three)).toThrow(
      "noise: expected the samples' shape [4, 28, 28, 1], got [4, 28, 28, 3]\n" +
        'timesteps: expected int32 [4], one per sample, got int32 [3]',
    );
  });

  it('refuses float time steps', () => {
    expect(() => scheduler.getVelocity(x0, noise, tf.tensor1d([1, 2, 3, 4]))).toThrow(
      'timesteps: expected int32 [4], one per sample, got float32 [4]',
    );
  });

  it('refuses a time step outside the schedule', () => {
    const beyond = tf.tensor1d([0, 1, 2, 1000], 'int32');
    expect(() => scheduler.addNoise(x0, noise, beyond)).toThrow(/1000 is not in \[0, 1000\)/);
  });
});
