/**
 * A model is a tree of plain objects whose field names are torch's; its state dict is read off that
 * tree. This is the only place that knows how weights are laid out here and in torch.
 */
import { tf } from '../backend';
import { markDisposed, refuseDisposed } from './disposed';

/** A tensor on the host, in torch's layout (conv weights [out, in, h, w], linear [out, in]). */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights by torch's parameter names. */
export type StateDict = Map<string, HostTensor>;

/** What else an object owns than its state dict: `[BESIDE]()` gives it. An adapter's weights, say. */
export const BESIDE = Symbol('beside the state dict');

type Visit = (path: string, value: object, parent: object | undefined, key: string) => void;

/** Visits the objects of the tree, the root first; a variable is a leaf. */
function visit(root: object, found: Visit): void {
  const walk = (value: unknown, path: string, parent: object | undefined, key: string) => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    found(path, value, parent, key);
    if (value instanceof tf.Variable) return;
    for (const [name, child] of Object.entries(value)) {
      walk(child, path ? `${path}.${name}` : name, value, name);
    }
  };
  walk(root, '', undefined, '');
}

/** The variables of a model by torch's parameter names, in the order of its fields. */
export function namedParameters(module: object): Map<string, tf.Variable> {
  const found = new Map<string, tf.Variable>();
  visit(module, (path, value) => {
    if (value instanceof tf.Variable) found.set(path, value as tf.Variable);
  });
  return found;
}

/** Where a part of a model stands. */
export interface PlacedModule {
  readonly module: object;
  /** Whose field it is; undefined for the model itself. */
  readonly parent: object | undefined;
  readonly key: string;
}

/** The parts of a model by torch's names of modules, the model itself under ''. */
export function namedModules(module: object): Map<string, PlacedModule> {
  const found = new Map<string, PlacedModule>();
  visit(module, (path, value, parent, key) => {
    if (!(value instanceof tf.Variable)) found.set(path, { module: value, parent, key });
  });
  return found;
}

/** How many numbers the model has to learn; a variable that stands in several places counts once, as torch's `parameters()`. */
export function numParameters(module: object): number {
  const distinct = new Set(namedParameters(module).values());
  return [...distinct].reduce((sum, p) => sum + p.size, 0);
}

/** Frees all variables of the model and of its adapters; it cannot be used afterwards. */
export function disposeModule(module: object): void {
  const variables = new Set(namedParameters(module).values());
  for (const { module: part } of namedModules(module).values()) {
    const beside = (part as { [BESIDE]?: () => Iterable<tf.Variable> })[BESIDE];
    for (const variable of beside?.() ?? []) variables.add(variable);
  }
  for (const variable of variables) variable.dispose();
  markDisposed(module);
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

/** A value in torch's layout as a variable holds it; the caller disposes it. */
export function fromHost({ shape, data }: HostTensor): tf.Tensor {
  return tf.tidy(() => {
    // A copy: tfjs keeps the array itself until TensorFlow first uses the tensor.
    const value = tf.tensor(data.slice(), [...shape], 'float32');
    return value.rank === 4 ? tf.transpose(value, fromTorchOrder) : value;
  });
}

/** A copy of all weights on the host. @throws Error if the model was disposed */
export function stateDict(module: object): StateDict {
  refuseDisposed('stateDict', { 'the model': module });
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
    tf.tidy(() => variable.assign(fromHost(state.get(name)!)));
  }
}
