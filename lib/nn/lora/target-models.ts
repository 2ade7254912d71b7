/** The models that a call of an adapter's function is about, and what is checked first. */
import { registryOf, type AdapterRegistry } from './registry';

/** A model, or what has models as `unet` and `textEncoder`. */
export type LoraTarget = object;

/** Models of a target by the names that diffusers' files have for them; a model by itself is ''. */
export function modelsOf(target: LoraTarget): ReadonlyMap<string, object> {
  if (typeof target !== 'object' || target === null) {
    throw new TypeError(`Expected a model, or { unet, textEncoder }, got ${String(target)}.`);
  }
  const { unet, textEncoder } = target as { unet?: unknown; textEncoder?: unknown };
  const named = Object.entries({ unet, text_encoder: textEncoder }).filter(
    (entry): entry is [string, object] => typeof entry[1] === 'object' && entry[1] !== null,
  );
  return named.length > 0 ? new Map(named) : new Map([['', target]]);
}

export const registriesOf = (target: LoraTarget): AdapterRegistry[] =>
  [...modelsOf(target).values()].flatMap((model) => registryOf(model) ?? []);

export const asList = <T>(value: T | readonly T[]): readonly T[] =>
  (Array.isArray(value) ? value : [value]) as readonly T[];

/** @throws RangeError naming the adapters that no model of the target has */
export function checkKnown(owner: string, target: LoraTarget, names: readonly string[]): void {
  const known = new Set(registriesOf(target).flatMap(({ adapters }) => [...adapters.keys()]));
  const unknown = names.filter((name) => !known.has(name));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (unknown.length > 0) {
    throw new RangeError(
      `${owner}: expected adapters of ${[...known].map((name) => `'${name}'`).join(', ') || 'none (there is none)'}, ` +
        `got ${unknown.map((name) => JSON.stringify(name) ?? String(name)).join(', ')}.`,
    );
  }
  if (twice !== undefined) throw new RangeError(`${owner}: '${twice}' is named twice.`);
}

export function checkNotFused(owner: string, target: LoraTarget): void {
  const fused = registriesOf(target).flatMap((registry) => registry.fused);
  if (fused.length === 0) return;
  throw new Error(
    `${owner}: the adapters ${[...new Set(fused)].map((name) => `'${name}'`).join(', ')} are in the weights at ` +
      'present (fuseLora). Call unfuseLora first.',
  );
}
