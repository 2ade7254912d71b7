import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { checkingOps } from './checking-ops';
import { randomProgram } from './random-programs';

/** Ten at a time: 200 in all. */
const FIRST_SEEDS = Array.from({ length: 20 }, (_, i) => 1 + 10 * i);

it.each(FIRST_SEEDS)(
  'gives the same for random programs from %i on and their gradients',
  (first) => {
    for (let seed = first; seed < first + 10; seed++) {
      const { run, inputs, text } = randomProgram(seed);
      const withGradients = (...args: tf.Tensor[]) => {
        const { value, grads } = tf.valueAndGrads(run)(args);
        return [value, ...grads];
      };
      let eager: tf.Tensor[] = [];
      checkingOps(() => (eager = tf.tidy(() => withGradients(...inputs))));
      const step = jit(withGradients);
      const traced = step(...inputs);
      traced.forEach((tensor, i) => {
        const expected = eager[i] as tf.Tensor;
        expect(tensor.shape).toEqual(expected.shape);
        const what = `program ${seed}, ${i === 0 ? 'value' : `gradient ${i}`}:\n${text}\n`;
        expect(tensor.dataSync(), what).toBeCloseToMax(expected.dataSync(), 1e-6);
      });
      step.dispose();
      tf.dispose([...inputs, ...eager, ...traced]);
    }
  },
);
