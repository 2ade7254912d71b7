import { expect } from 'vitest';
import { tf } from '../../lib/backend';
import { loadGolden } from '../support/golden';

// Reference: test/fixtures/nn, written by scripts/export_nn_goldens.py from torch.
const golden = loadGolden('nn');

/** A tensor of the reference as it lies in the file, in torch's layout. */
export function reference(key: string) {
  const found = golden.get(key);
  if (!found) throw new Error(`test/fixtures/nn has no ${key}.`);
  return found;
}

/** A tensor of the reference with images as [B, H, W, C]; integers as int32. */
export function tensorOf(key: string, isImage = false): tf.Tensor {
  const { data, shape } = reference(key);
  const dtype = data instanceof Int32Array ? 'int32' : 'float32';
  return tf.tidy(() => {
    const tensor = tf.tensor(data, shape, dtype);
    return isImage ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
  });
}

/** Numbers in torch's order, of an activation [B, H, W, C] or of anything else. */
function torchOrder(tensor: tf.Tensor, isImage: boolean): Float32Array {
  return tf.tidy(() => {
    const moved = isImage ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor;
    return moved.dataSync<'float32'>();
  });
}

export interface CaseOptions {
  /** Names of the inputs that the function takes and has gradients for; Default: `x`. */
  readonly inputs?: readonly string[];
  /** Whether `x` and the output are images. */
  readonly isImage?: boolean;
}

/**
 * Compares output and gradients of every input with torch's, and lets no tensor leak.
 *
 * @param name the case's name in the reference
 */
export function expectAsTorch(
  name: string,
  run: (...inputs: tf.Tensor[]) => tf.Tensor,
  { inputs = ['x'], isImage = false }: CaseOptions = {},
): void {
  const isImageInput = (key: string) => isImage && key === 'x';
  const tensors = inputs.map((key) => tensorOf(`${name}.in.${key}`, isImageInput(key)));
  const dy = tensorOf(`${name}.dy`, isImage);
  const backward = () => tf.tidy(() => tf.grads(run)(tensors, dy));

  const output = run(...tensors);
  expect(torchOrder(output, isImage), 'output').toBeCloseToMax(reference(`${name}.out`).data, 2e-5);
  const gradients = backward();
  inputs.forEach((key, i) => {
    const gradient = torchOrder(gradients[i]!, isImageInput(key));
    const expected = reference(`${name}.grad.${key}`).data;
    expect(gradient, `gradient of ${key}`).toBeCloseInNorm(expected, 1e-4);
  });
  tf.dispose([output, ...gradients]);

  expect(() => run(...tensors).dispose(), 'forward').toLeakNothing();
  expect(() => tf.dispose(backward()), 'backward').toLeakNothing();
  tf.dispose([...tensors, dy]);
}

/**
 * Compares a layer that holds the case's weights: output, and gradients of `x` and of every parameter.
 *
 * @param layer with its parameters set to the case's inputs of the same names
 */
export function expectLayerAsTorch(
  name: string,
  layer: { forward(x: tf.Tensor): tf.Tensor },
  parameters: ReadonlyMap<string, tf.Variable>,
  toTorch: (gradient: tf.Tensor) => ArrayLike<number>,
  isImage = false,
): void {
  expectAsTorch(name, (x) => layer.forward(x!), { isImage });
  tf.tidy(() => {
    const x = tensorOf(`${name}.in.x`, isImage);
    const dy = tensorOf(`${name}.dy`, isImage);
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(layer.forward(x), dy)),
      [...parameters.values()],
    );
    for (const [key, parameter] of parameters) {
      const expected = reference(`${name}.grad.${key}`).data;
      const gradient = toTorch(grads[parameter.name]!);
      expect(gradient, `gradient of ${key}`).toBeCloseInNorm(expected, 1e-4);
    }
  });
}
