/** Adapters put into the weights, and taken out again. */
import { tf } from '../../backend';
import { getActiveAdapters } from './adapters';
import { weightChange } from './layers';
import { asList, checkKnown, checkNotFused, registriesOf, type LoraTarget } from './target-models';

export interface FuseLoraOptions {
  /** The change counts so many times, beside the adapters' own weights. Default 1. */
  readonly loraScale?: number | undefined;
  /** Default: those that are computed. */
  readonly adapterNames?: string | readonly string[] | undefined;
}

/**
 * Adds the adapters' changes to the layers' weights: as fast as without adapters, and saved with the model. The
 * weights from before are kept on the device for `unfuseLora`.
 *
 * @throws RangeError for a bad option or an adapter that is not there; Error if adapters are fused already, or if there is
 *   none to fuse
 */
export function fuseLora(
  target: LoraTarget,
  { loraScale = 1, adapterNames }: FuseLoraOptions = {},
): void {
  const owner = 'fuseLora';
  if (!Number.isFinite(loraScale)) {
    throw new RangeError(
      `${owner}: expected loraScale to be a finite number, got ${String(loraScale)}.`,
    );
  }
  const names = adapterNames === undefined ? getActiveAdapters(target) : asList(adapterNames);
  checkKnown(owner, target, names);
  checkNotFused(owner, target);
  if (names.length === 0)
    throw new Error(`${owner}: expected adapters that are computed, got none. Name them.`);
  for (const registry of registriesOf(target)) {
    const own = names.flatMap((name) => registry.adapters.get(name) ?? []);
    if (own.length === 0) continue;
    registry.fuse(
      names.filter((name) => registry.adapters.has(name)),
      (path) => {
        const changes = own.flatMap(({ branches }) => branches.get(path) ?? []).map(weightChange);
        if (changes.length === 0) return null;
        return tf.mul(tf.addN(changes), loraScale);
      },
    );
  }
}

/** Gives the layers back the weights from before `fuseLora`, to the bit. @throws Error if nothing is fused */
export function unfuseLora(target: LoraTarget): void {
  const fused = registriesOf(target).filter((registry) => registry.fused.length > 0);
  if (fused.length === 0)
    throw new Error('unfuseLora: expected adapters that are fused, got none.');
  for (const registry of fused) registry.unfuse();
}
