import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { geglu, gelu, quickGelu, silu } from '../../lib/nn/activations';
import { expectAsTorch, reference, tensorOf } from './torch-case';

describe.each([
  ['silu', silu],
  ['quick_gelu', quickGelu],
  ['gelu', gelu],
  ['geglu', geglu],
])('%s', (name, activation) => {
  it("gives torch's numbers and gradient", () => {
    expectAsTorch(name, (x) => activation(x!));
  });

  it('gives them far from 0 too, number by number', () => {
    const x = tensorOf(`${name}_far.in.x`);
    const dy = tensorOf(`${name}_far.dy`);
    const [y, dx] = tf.tidy(() => [activation(x), tf.grad(activation)(x, dy)]);
    const expected = [reference(`${name}_far.out`), reference(`${name}_far.grad.x`)];
    [y, dx].forEach((tensor, which) => {
      tensor!.dataSync().forEach((number, i) => {
        const wanted = expected[which]!.data[i]!;
        expect(Math.abs(number - wanted)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(wanted)));
      });
    });
    tf.dispose([x, dy, y!, dx!]);
  });
});
