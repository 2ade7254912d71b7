import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { checkingOps } from './checking-ops';
import { randomProgram } from './random-programs';

const PROGRAMS = 200;

it(`gives the same for ${PROGRAMS} random programs and their gradients, eager and traced`, () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
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
});
