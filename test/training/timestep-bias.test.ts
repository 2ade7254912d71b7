import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { Generator } from '../../lib/random';
import {
  biasedTimesteps,
  drawBiasedTimesteps,
  TIMESTEP_BIAS_DEFAULTS,
  type TimestepBias,
} from '../../lib/training/timestep-bias';
import { disposeTrainers, tinyObjective } from './tiny-trainer';

afterEach(() => disposeTrainers());

const CASES: [Partial<TimestepBias>, [begin: number, end: number]][] = [
  [{ timestepBiasStrategy: 'later', timestepBiasMultiplier: 3, timestepBiasPortion: 0.5 }, [500, 1000]], // prettier-ignore
  [{ timestepBiasStrategy: 'later', timestepBiasMultiplier: 2 }, [750, 1000]],
  [{ timestepBiasStrategy: 'earlier', timestepBiasMultiplier: 4, timestepBiasPortion: 0.1 }, [0, 100]], // prettier-ignore
  [{ timestepBiasStrategy: 'earlier', timestepBiasMultiplier: 0.5, timestepBiasPortion: 1 }, [0, 1000]], // prettier-ignore
  [{ timestepBiasStrategy: 'range', timestepBiasMultiplier: 5, timestepBiasBegin: 200, timestepBiasEnd: 500 }, [200, 500]], // prettier-ignore
  [{ timestepBiasStrategy: 'range', timestepBiasMultiplier: 0.25, timestepBiasBegin: 999 }, [999, 1000]], // prettier-ignore
  [{ timestepBiasStrategy: 'later', timestepBiasMultiplier: 9, timestepBiasPortion: 0 }, [0, 0]],
];

describe.each(CASES)('%j', (given, [begin, end]) => {
  const bias = { ...TIMESTEP_BIAS_DEFAULTS, ...given };
  // generate_timestep_weights of diffusers' train_text_to_image_sdxl.py: ones, times the multiplier in a slice
  const weights = Array.from({ length: 1000 }, (_, t) =>
    t >= begin && t < end ? bias.timestepBiasMultiplier : 1,
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);

  it('gives each time step its share of equally spread numbers', () => {
    const count = 200_000;
    const counts = tf.tidy(() => {
      const numbers = tf.div(tf.add(tf.range(0, count), 0.5), count) as tf.Tensor1D;
      const timesteps = biasedTimesteps(numbers, bias, 1000);
      expect(timesteps.dtype).toBe('int32');
      return tf.bincount(timesteps, [], 1000).dataSync();
    });
    weights.forEach((weight, t) => {
      // a number more or less at each end, and float32's 24 bits
      expect(Math.abs(counts[t]! - (weight / sum) * count), `time step ${t}`).toBeLessThan(2.5);
    });
  });

  it('draws them in these shares', () => {
    const key = new Generator(3).stream('timesteps').at(1);
    const count = 100_000;
    const drawn = tf.tidy(() => drawBiasedTimesteps(count, key, bias, 1000).dataSync());
    const share = weights.slice(begin, end).reduce((a, b) => a + b, 0) / sum;
    const inside = [...drawn].filter((t) => t >= begin && t < end).length / count;
    const error = Math.sqrt((share * (1 - share)) / count);
    expect(Math.abs(inside - share)).toBeLessThanOrEqual(4 * error);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1000);
  });
});

it('is an option of a training, which goes on with runs from before there was one', () => {
  const names = (identity: object) => Object.keys(identity).filter((n) => n.startsWith('timestepBias')); // prettier-ignore
  expect(names(tinyObjective().identity())).toEqual([]);
  const biased = tinyObjective({ timestepBiasStrategy: 'later', timestepBiasMultiplier: 3 });
  expect(names(biased.identity())).toEqual(['timestepBiasStrategy', 'timestepBiasMultiplier']);
});

it.each([
  [{ timestepBiasStrategy: 'last' }, /timestepBiasStrategy: expected one of none, earlier, later, range, got "last"/], // prettier-ignore
  [{ timestepBiasMultiplier: 0 }, /timestepBiasMultiplier: expected a number > 0, got 0/],
  [{ timestepBiasPortion: 2 }, /timestepBiasPortion: expected a number from 0 to 1, got 2/],
  [{ timestepBiasBegin: -1 }, /timestepBiasBegin: expected an integer ≥ 0, got -1/],
  [{ timestepBiasBegin: 500, timestepBiasEnd: 500 }, /timestepBiasEnd: expected an integer greater/], // prettier-ignore
  [{ timestepBiasStrategy: 'range', timestepBiasEnd: 1001 }, /timestepBiasEnd: expected at most the schedule's 1000 time steps, got 1001/], // prettier-ignore
])('refuses %j', (options, message) => {
  expect(() => tinyObjective(options as Partial<TimestepBias>)).toThrow(message);
});

it('leaks nothing', () => {
  const key = new Generator(3).stream('timesteps').at(1);
  const bias = { ...TIMESTEP_BIAS_DEFAULTS, timestepBiasStrategy: 'later' } as const;
  expect(() => drawBiasedTimesteps(10, key, bias, 1000).dispose()).toLeakNothing();
});
