/**
 * Values that own tensors, made anew when their cell is run again. Nothing frees a tensor that no variable holds any
 * longer: Python counts references, JavaScript does not tell when it forgets.
 */

const RENEWED = Symbol.for('sdm.renewed');

interface Disposable {
  dispose(): unknown;
}

function renewed(): Map<string, object> {
  const globals = globalThis as { [RENEWED]?: Map<string, object> };
  return (globals[RENEWED] ??= new Map<string, object>());
}

const isDisposable = (value: unknown): value is Disposable =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<Disposable>).dispose === 'function';

function disposeOf(value: object): void {
  if (isDisposable(value)) value.dispose();
  else
    Object.values(value)
      .filter(isDisposable)
      .forEach((part) => void part.dispose());
}

/**
 * Frees what stood under this name, from an earlier run of the cell, and keeps the new value in its place:
 * `const unet = renew('unet', new UNet2DConditionModel(config, init))`.
 *
 * @param name one for each place where something is made; the same for all kernels' runs of that cell
 * @param value has `dispose`, or is an array or a record of parts, of which those are freed that have it
 * @returns the value
 * @throws TypeError if the value is no object
 */
export function renew<T extends object>(name: string, value: T): T {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(
      `renew: expected a value that owns tensors as '${name}', such as a model or a record of models, got ${typeof value}.`,
    );
  }
  const before = renewed().get(name);
  renewed().set(name, value);
  if (before !== undefined && before !== value) disposeOf(before);
  return value;
}
