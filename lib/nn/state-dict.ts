/**
 * A model is a tree of plain objects whose field names are torch's; its state dict is read off that
 * tree. This is the only place that knows how weights are laid out here and in torch.
 */
import { tf } from '../backend';

/** A tensor on the host, in torch's layout (conv weights [out, in, h, w], linear [out, in]). */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights by torch's parameter names. */
export type StateDict = Map<string, HostTensor>;

/** The variables of a model by torch's parameter names, in the order of its fields. */
export function namedParameters(module: object): Map<string, tf.Variable> {
  const found = new Map<string, tf.Variable>();
  const walk = (value: unknown, path: string) => {
    if (value instanceof tf.Variable) found.set(path, value as tf.Variable);
    else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const [key, child] of Object.entries(value)) walk(child, path ? `${path}.${key}` : key);
    }
  };
  walk(module, '');
  return found;
}

/** How many numbers the model has to learn. */
export function numParameters(module: object): number {
  return [...namedParameters(module).values()].reduce((sum, p) => sum + p.size, 0);
}

/** Frees all variables of the model; it cannot be used afterwards. */
export function disposeModule(module: object): void {
  for (const variable of namedParameters(module).values()) variable.dispose();
}

const toTorchOrder = [3, 2, 0, 1]; // HWIO → OIHW
const fromTorchOrder = [2, 3, 1, 0]; // OIHW → HWIO

/** The shape that torch shows for the variable. */
export function torchShape(variable: tf.Tensor): number[] {
  return variable.rank === 4 ? toTorchOrder.map((axis) => variable.shape[axis]!) : variable.shape;
}

/** A variable's value (or its gradient's) on the host, in torch's layout. */
export function toHost(tensor: tf.Tensor): HostTensor {
  const shape = torchShape(tensor);
  const ordered = tensor.rank === 4 ? tf.transpose(tensor, toTorchOrder) : tensor;
  // Not inside a tidy: it would look for tensors in every number of the array, and fail above 2²⁴.
  const data = ordered.dataSync();
  if (ordered !== tensor) ordered.dispose();
  return { shape, data: new Float32Array(data) };
}

/** A copy of all weights on the host. */
export function stateDict(module: object): StateDict {
  const entries = [...namedParameters(module)].map(([name, v]) => [name, toHost(v)] as const);
  return new Map(entries);
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i]);

function list(title: string, lines: string[]): string {
  const more = lines.length > 10 ? `\n  … and ${lines.length - 10} more` : '';
  return lines.length
    ? `\n${title} (${lines.length}):\n  ${lines.slice(0, 10).join('\n  ')}${more}`
    : '';
}

/**
 * Checks that the state dict has exactly the model's keys and shapes.
 *
 * @param what the model's class or file, for the message
 * @throws Error with all missing, unexpected and misshaped keys at once
 */
export function checkStateDict(module: object, state: StateDict, what: string): void {
  const parameters = namedParameters(module);
  const missing = [...parameters.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter((name) => !parameters.has(name));
  const misshaped: string[] = [];
  for (const [name, { shape, data }] of state) {
    const variable = parameters.get(name);
    if (!variable) continue;
    const expected = torchShape(variable);
    if (!sameShape(shape, expected)) {
      misshaped.push(`${name}: expected [${expected.join(', ')}], got [${shape.join(', ')}]`);
    } else if (data.length !== variable.size) {
      misshaped.push(`${name}: expected ${variable.size} numbers, got ${data.length}`);
    }
  }
  if (missing.length + unexpected.length + misshaped.length === 0) return;
  throw new Error(
    `${what}: the weights do not fit the model; nothing was loaded. ` +
      'Check that config.json belongs to these weights.' +
      list('Wrong shape', misshaped) +
      list('Missing', missing) +
      list('Unexpected', unexpected),
  );
}

/**
 * Sets all weights from a state dict, strictly.
 *
 * @throws Error if any key is missing, unexpected or has another shape; the model is then unchanged
 */
export function loadStateDict(module: object, state: StateDict, what = 'loadStateDict'): void {
  checkStateDict(module, state, what);
  for (const [name, variable] of namedParameters(module)) {
    const { shape, data } = state.get(name)!;
    tf.tidy(() => {
      // A copy: tfjs keeps the array itself until TensorFlow first uses the tensor.
      const value = tf.tensor(data.slice(), [...shape], 'float32');
      variable.assign(variable.rank === 4 ? tf.transpose(value, fromTorchOrder) : value);
    });
  }
}
