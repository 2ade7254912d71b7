/**
 * Adapters of low rank on the layers of a model: added, weighed against each other, put into the weights and taken out
 * again. Names and numbers are those of peft and of diffusers' pipelines.
 *
 * A target is a model, or anything with models in its fields `unet` and `textEncoder`, a pipeline say: what is asked is
 * then done for each of them that has the adapter.
 */
import { tf } from '../../backend';
import { Generator } from '../../random';
import { byPattern, resolveLoraConfig, type LoraConfig } from './config';
import { initialBranch, type LoraBranch } from './layers';
import {
  adapterWeight,
  registryFor,
  registryOf,
  type Adapter,
  type AdapterConfig,
} from './registry';
import {
  asList,
  checkKnown,
  checkNotFused,
  modelsOf,
  registriesOf,
  type LoraTarget,
} from './target-models';
import { chosenTargets, type Target } from './targets';

export function setWeight(adapter: Adapter | undefined, value: number): void {
  if (adapter) tf.tidy(() => adapter.weight.assign(tf.scalar(value)));
}

function checkName(owner: string, model: object, name: unknown): asserts name is string {
  if (typeof model !== 'object' || model === null) {
    throw new TypeError(
      `${owner}: expected a model such as a UNet2DConditionModel, got ${String(model)}.`,
    );
  }
  if (typeof name !== 'string' || !/^[^.\s]+$/.test(name)) {
    throw new TypeError(
      `${owner}: expected adapterName to be a text without dots and spaces, got ${JSON.stringify(name) ?? String(name)}.`,
    );
  }
  if (!registryOf(model)?.adapters.has(name)) return;
  throw new Error(
    `${owner}: ${model.constructor.name} already has an adapter '${name}'. Choose another adapterName, or ` +
      `deleteAdapters(model, '${name}') first.`,
  );
}

/**
 * Puts a new adapter on layers of a model. From then on it is the only one that is computed, as in diffusers;
 * `setAdapters` mixes several. The model's own weights and its state dict stay as they are.
 *
 * @param model for example a UNet2DConditionModel or a CLIPTextModel
 * @param adapterName without dots
 * @throws RangeError naming every bad option, or targets that match no layer; Error if the name is taken; nothing is
 *   then changed
 */
export function addAdapter(model: object, config: LoraConfig, adapterName = 'default'): void {
  const owner = 'addAdapter';
  checkName(owner, model, adapterName);
  const { seed, initLoraWeights, ...kept } = resolveLoraConfig(owner, config);
  const targets = chosenTargets(owner, model, kept.targetModules);
  const stream = new Generator(seed).stream('init');
  addBranches(model, adapterName, kept, targets, ({ layer }, r) =>
    initialBranch(layer, r, initLoraWeights, stream),
  );
}

/** A and B of a layer, as variables hold them. */
export type MakeBranch = (
  target: Target,
  r: number,
) => { readonly A: tf.Variable; readonly B: tf.Variable };

/** Puts an adapter on these layers, with weights that are made for each. */
export function addBranches(
  model: object,
  adapterName: string,
  config: AdapterConfig,
  targets: readonly Target[],
  make: MakeBranch,
): void {
  checkName('addAdapter', model, adapterName);
  const { useRslora } = config;
  const weight = adapterWeight(1);
  const branches = targets.map((target): [string, LoraBranch] => {
    const r = byPattern(config.rankPattern, target.name, config.r);
    const alpha = byPattern(config.alphaPattern, target.name, config.loraAlpha);
    return [target.name, { r, alpha, useRslora, weight, ...make(target, r) }];
  });
  registryFor(model).add(adapterName, targets, { config, branches: new Map(branches), weight });
}

/**
 * Computes these adapters, each so many times, and no others. Other weights of the same adapters are taken up by graphs
 * as they are; other adapters are traced.
 *
 * @param names one or several, or [] to compute the models without any
 * @param weights a number for each, or one for all. Default 1
 * @throws RangeError for an adapter that is not there, or weights that are no numbers or too many or few; Error while
 *   adapters are fused
 */
export function setAdapters(
  target: LoraTarget,
  names: string | readonly string[],
  weights: number | readonly number[] = 1,
): void {
  const owner = 'setAdapters';
  const list = asList(names);
  checkKnown(owner, target, list);
  const counts = typeof weights === 'number' ? list.map(() => weights) : weights;
  if (!Array.isArray(counts) || counts.length !== list.length || !counts.every(Number.isFinite)) {
    throw new RangeError(
      `${owner}: expected a finite number, or one for each of ${list.length} adapters, got ${JSON.stringify(weights)}.`,
    );
  }
  checkNotFused(owner, target);
  for (const registry of registriesOf(target)) {
    list.forEach((name, i) => setWeight(registry.adapters.get(name), counts[i] as number));
    registry.activate(list.filter((name) => registry.adapters.has(name)));
  }
}

/** Names of the adapters that are computed, or that the weights hold. */
export function getActiveAdapters(target: LoraTarget): string[] {
  return [...new Set(registriesOf(target).flatMap(({ activeNames }) => activeNames))];
}

/** Names of all adapters, by the model that has them: `{ unet: ['default'], text_encoder: [] }`; of a model by itself under ''. */
export function getListAdapters(target: LoraTarget): Record<string, string[]> {
  const entries = [...modelsOf(target)].map(([name, model]): [string, string[]] => {
    return [name, [...(registryOf(model)?.adapters.keys() ?? [])]];
  });
  return Object.fromEntries(entries);
}

/**
 * Takes adapters away and frees them. Layers without any are plain again, and as fast.
 *
 * @throws RangeError for an adapter that is not there; Error while adapters are fused
 */
export function deleteAdapters(target: LoraTarget, names: string | readonly string[]): void {
  const list = asList(names);
  checkKnown('deleteAdapters', target, list);
  checkNotFused('deleteAdapters', target);
  for (const registry of registriesOf(target)) {
    const own = list.filter((name) => registry.adapters.has(name));
    if (own.length > 0) registry.remove(own);
  }
}
