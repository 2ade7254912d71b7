/** A step of which a graph finds that it is not to be taken. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { hasFusedOps, useFusedOps } from '../../lib/backend/node';
import { jit } from '../../lib/jit';
import { AdamW } from '../../lib/optim/adamw';
import { clipFactor, clipFactorOf } from '../../lib/optim/grad-clip';
import { EMAModel } from '../../lib/optim/ema';
import { MuonWithAuxAdam } from '../../lib/optim/muon-with-aux-adam';
import { digests } from '../training/tiny-trainer';

const isFused = hasFusedOps();
afterEach(() => useFusedOps(isFused));

/** A vector and a hidden matrix, which Muon takes. */
function parameters() {
  const make = (shape: number[], seed: number) =>
    tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 1, 'float32', seed), false));
  return new Map([
    ['bias', make([5], 1)],
    ['hidden.weight', make([4, 3], 2)],
  ]);
}

const OPTIMIZERS = { AdamW, MuonWithAuxAdam };

describe.each(isFused ? ['on', 'off'] : ['off'])('fused ops %s', (fused) => {
  beforeEach(() => useFusedOps(fused === 'on'));

  describe.each(Object.entries(OPTIMIZERS))('%s with foundInf', (_, Optimizer) => {
    /** Three steps, of which some are not to be taken; those have gradients that are NaN. */
    function run(traced: boolean, steps: readonly ('taken' | 'left' | 'plain')[]) {
      const weights = parameters();
      const optimizer = new Optimizer(weights, { lr: 0.1 });
      const ema = new EMAModel(weights, { decay: 0.5 });
      const names = [...weights.keys()];
      const take = (gradients: tf.Tensor[], lr: tf.Scalar, foundInf: tf.Scalar) => {
        const grads = new Map(names.map((name, i) => [name, gradients[i]!]));
        optimizer.step(grads, { lr, foundInf });
        ema.step({ foundInf });
      };
      const step = traced ? jit(take) : take;
      const states = steps.map((kind, i) => {
        tf.tidy(() => {
          const factor = kind === 'left' ? NaN : 1 + i;
          const gradients = [...weights.values()].map(({ shape }) => tf.fill(shape, factor));
          if (kind === 'plain') {
            optimizer.step(new Map(names.map((name, j) => [name, gradients[j]!])), {
              lr: tf.scalar(0.1),
            });
            ema.step();
          } else {
            step(gradients, tf.scalar(0.1), tf.scalar(kind === 'left' ? 1 : 0));
          }
        });
        const own = [...weights].map(([name, w]) => {
          return [name, { shape: w.shape, data: w.dataSync() as Float32Array }] as const;
        });
        return {
          weights: digests(new Map(own)),
          optimizer: digests(optimizer.stateDict()),
          ema: digests(ema.stateDict()),
        };
      });
      if ('dispose' in step) (step as { dispose(): void }).dispose();
      [optimizer, ema, ...weights.values()].forEach((owned) => owned.dispose());
      return states;
    }

    it.each([
      ['in a graph', true],
      ['op by op', false],
    ])('changes nothing where it is 1, all to the bit where it is 0: %s', (__, traced) => {
      const [first, left, last] = run(traced, ['taken', 'left', 'taken']);
      expect(left).toEqual(first);
      expect(last).not.toEqual(first);
      const straight = run(traced, ['taken', 'taken', 'taken']);
      expect(straight[0]).toEqual(first);
      if (!traced) expect(run(false, ['plain', 'plain', 'plain'])).toEqual(straight);
      expect(run(traced, ['left', 'taken'])[0]).toEqual(run(traced, ['left', 'left'])[1]);
      expect(() => void run(traced, ['taken', 'left'])).toLeakNothing();
    });
  });
});

it("the factor of a graph's clipping is the host's, to rounding", () => {
  for (const [norm, most] of [
    [0.3, 1],
    [7, 1],
    [1, 1],
    [123.4, 0.5],
    [5, Infinity],
    [0, 1],
  ] as const) {
    const found = tf.tidy(() => clipFactorOf(tf.scalar(norm), tf.scalar(most)).dataSync()[0]!);
    expect(Math.abs(found / clipFactor(norm, most) - 1)).toBeLessThan(2e-7);
  }
  const one = tf.scalar(1);
  expect(() => clipFactorOf(one, one).dispose()).toLeakNothing();
  one.dispose();
});
