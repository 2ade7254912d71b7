/** The weights of adapters: what is trained, how much it changes, how much it counts for a moment. */
import { tf } from '../../backend';
import { setWeight } from './adapters';
import { weightChange, type LoraBranch } from './layers';
import { registryOf } from './registry';
import { checkKnown, checkNotFused, registriesOf, type LoraTarget } from './target-models';
import { targetsOf } from './targets';

/**
 * The adapter's weights by name, `down_blocks.1….to_q.lora_A.weight`: what is trained.
 *
 * @throws RangeError if the model has no such adapter
 */
export function adapterParameters(
  model: object,
  adapterName = 'default',
): Map<string, tf.Variable> {
  checkKnown('adapterParameters', model, [adapterName]);
  const branches =
    registryOf(model)?.adapters.get(adapterName)?.branches ?? new Map<string, LoraBranch>();
  const entries = [...branches].flatMap(([name, { A, B }]): [string, tf.Variable][] => [
    [`${name}.lora_A.weight`, A],
    [`${name}.lora_B.weight`, B],
  ]);
  return new Map(entries);
}

/** What an adapter is and does on one layer. */
export interface AdapterLayer {
  readonly layer: string;
  readonly r: number;
  readonly alpha: number;
  /** ‖B‖: 0 until it is trained. */
  readonly normB: number;
  /** ‖change‖ / ‖weight‖, at the adapter's present weight. */
  readonly share: number;
}

/**
 * How much an adapter changes each layer.
 *
 * @throws RangeError if the model has no such adapter
 */
export function adapterChange(model: object, adapterName = 'default'): AdapterLayer[] {
  checkKnown('adapterChange', model, [adapterName]);
  const branches = registryOf(model)!.adapters.get(adapterName)!.branches;
  const layers = targetsOf(model);
  const norm = (x: tf.Tensor) => tf.norm(tf.reshape(x, [-1])).dataSync()[0]!;
  return [...branches].map(([layer, branch]) =>
    tf.tidy(() => {
      const share = norm(weightChange(branch)) / norm(layers.get(layer)!.layer.weight);
      return { layer, r: branch.r, alpha: branch.alpha, normB: norm(branch.B), share };
    }),
  );
}

/**
 * Runs something while all adapters count `scale` times as much, as diffusers' `cross_attention_kwargs={"scale": …}`; what
 * it runs must not wait.
 */
export function withLoraScale<T>(target: LoraTarget, scale: number, run: () => T): T {
  const adapters = registriesOf(target).flatMap(({ adapters }) => [...adapters.values()]);
  if (scale === 1) return run();
  checkNotFused('scale', target);
  if (adapters.length === 0) {
    throw new RangeError(`scale: expected 1 where the models have no adapters, got ${scale}.`);
  }
  const before = adapters.map(({ weight }) => weight.dataSync()[0]!);
  adapters.forEach((adapter, i) => setWeight(adapter, before[i]! * scale));
  try {
    return run();
  } finally {
    adapters.forEach((adapter, i) => setWeight(adapter, before[i]!));
  }
}
