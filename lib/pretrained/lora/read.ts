/** Files of adapters, as diffusers, peft and kohya's scripts write them. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readSafetensors, toFloat32Array, type SafetensorsTensor } from '../../io/safetensors';
import { byPattern } from '../../nn/lora/config';
import type { AdapterConfig } from '../../nn/lora/registry';
import type { Target } from '../../nn/lora/targets';
import type { HostTensor } from '../../nn/state-dict';
import { readJsonObject } from '../model-files';
import { PEFT_CONFIG, PEFT_WEIGHTS } from './find-file';
import { LayerNames, type TensorPart } from './keys';
import { keysOf, METADATA_KEY, readConfig } from './metadata';

/** An adapter for one model, read and checked. */
export interface ReadAdapter {
  readonly config: AdapterConfig;
  readonly layers: ReadonlyMap<
    string,
    { readonly target: Target; readonly A: HostTensor; readonly B: HostTensor }
  >;
}

type Parts = Partial<Record<TensorPart, HostTensor>>;

/**
 * Reads a file of adapters, and checks it against the models.
 *
 * @param models as `modelsOf` gives them
 * @returns by component
 * @throws Error naming all keys that are unknown or lack their other half, all shapes that do not fit, or what its config
 *   asks for in vain; SafetensorsError if the file is damaged
 */
export function readLora(
  file: string,
  models: ReadonlyMap<string, object>,
): Map<string, ReadAdapter> {
  const { metadata, tensors } = readSafetensors(file);
  const names = new LayerNames(models);
  const found = new Map<string, Map<string, Parts>>();
  const unknown: string[] = [];
  const twice: string[] = [];
  for (const [key, tensor] of tensors) {
    const parsed = names.parse(key);
    if (!parsed) {
      unknown.push(key);
      continue;
    }
    const { component, layer, part } = parsed;
    if (!found.has(component)) found.set(component, new Map());
    const layers = found.get(component)!;
    const parts = layers.get(layer) ?? {};
    if (parts[part]) twice.push(key);
    parts[part] = finite(tensor, key, file);
    layers.set(layer, parts);
  }
  if (tensors.size === 0)
    throw new Error(`${file}: expected the tensors of an adapter, found none.`);
  if (unknown.length > 0) throw new Error(unknownKeys(file, unknown, models));
  if (twice.length > 0)
    throw new Error(`${file}: these name a layer that others name too: ${twice.join(', ')}.`);
  const all = configsIn(file, metadata);
  const adapters = [...found].map(([component, layers]): [string, ReadAdapter] => {
    const keys = keysOf(all, component);
    const from = component ? `${file} (${component})` : file;
    return [
      component,
      adapterOf(from, layers, (layer) => names.target({ component, layer }), keys),
    ];
  });
  return new Map(adapters);
}

function finite(tensor: SafetensorsTensor, key: string, file: string): HostTensor {
  const data = toFloat32Array(tensor, key);
  if (data.every(Number.isFinite)) return { shape: tensor.shape, data };
  throw new Error(
    `${file}: expected finite numbers, but ${key} holds NaN or infinity: the file is broken.`,
  );
}

function unknownKeys(
  file: string,
  unknown: readonly string[],
  models: ReadonlyMap<string, object>,
): string {
  const kinds = [...models.values()].map((model) => model.constructor.name).join(' and ');
  const isOther = (prefix: RegExp) => unknown.some((key) => prefix.test(key));
  const hints = [
    isOther(/^(text_encoder\.|lora_te)/) && !models.has('text_encoder')
      ? 'Pass the text encoder, too: { unet, textEncoder }. '
      : '',
    isOther(/lora_magnitude_vector|dora_scale/) ? 'DoRA is not supported here. ' : '',
    isOther(/^(text_encoder_2|lora_te2)/) ? 'There is no second text encoder here. ' : '',
  ];
  return (
    `${file}: expected adapters for layers of ${kinds}, but ${unknown.length} keys name none; nothing was loaded. ` +
    `${hints.join('')}They are:\n  ${unknown.join('\n  ')}`
  );
}

/** The configs that a file comes with, by peft's names. */
function configsIn(
  file: string,
  metadata: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const text = metadata[METADATA_KEY];
  if (text !== undefined) {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return value as Record<string, unknown>;
    } catch {
      // told below
    }
    throw new Error(
      `${file}: expected ${METADATA_KEY} of its metadata to be a JSON object, got ${text.slice(0, 60)}.`,
    );
  }
  const beside = path.join(path.dirname(file), PEFT_CONFIG);
  return path.basename(file) === PEFT_WEIGHTS && existsSync(beside) ? readJsonObject(beside) : {};
}

function adapterOf(
  from: string,
  layers: ReadonlyMap<string, Parts>,
  targetOf: (layer: string) => Target,
  keys: Readonly<Record<string, unknown>> | undefined,
): ReadAdapter {
  const halves = [...layers].filter(([, { A, B }]) => !A || !B);
  if (halves.length > 0) {
    const lines = halves.map(
      ([layer, { A, B }]) => `${layer}: ${A ? 'lora_B' : B ? 'lora_A' : 'lora_A and lora_B'}`,
    );
    throw new Error(
      `${from}: expected two tensors for each layer; missing:\n  ${lines.join('\n  ')}`,
    );
  }
  const read = new Map(
    [...layers].map(([layer, parts]) => [layer, fitted(targetOf(layer), parts)]),
  );
  const wrong = [...read].flatMap(([layer, { problem }]) =>
    problem ? [`${layer}: ${problem}`] : [],
  );
  if (wrong.length > 0) {
    throw new Error(
      `${from}: this is an adapter of another model; nothing was loaded:\n  ${wrong.join('\n  ')}`,
    );
  }
  const ranks = new Map([...read].map(([layer, { A }]) => [layer, A.shape[0]!]));
  const given = keys && readConfig(keys, from);
  const alphas = alphasOf(from, layers, ranks, given);
  const config: AdapterConfig = {
    ...(given ?? { useRslora: false, ...mostCommon('r', 'rankPattern', ranks) }),
    ...mostCommon('loraAlpha', 'alphaPattern', alphas),
    ...(given && { loraAlpha: given.loraAlpha, alphaPattern: given.alphaPattern }),
    targetModules: given?.targetModules ?? [...layers.keys()],
  };
  return { config, layers: read };
}

/** A and B in the rank that the layer's weight has, and what is wrong with their shapes. */
function fitted(target: Target, { A, B }: Parts) {
  const { shape } = target.layer.weight;
  const isLinear = shape.length === 2;
  const [outputs, inputs] = isLinear ? [shape[0], shape[1]] : [shape[3]!, shape[2]!];
  const kernel = isLinear ? [] : [shape[0], shape[1]!];
  const r = A!.shape[0] ?? 0;
  const expected = { A: [r, inputs, ...kernel], B: [outputs, r, ...kernel.map(() => 1)] };
  const isOnePixel = kernel.every((size) => size === 1);
  const problems: string[] = [];
  const half = (name: 'A' | 'B', { shape: found, data }: HostTensor): HostTensor => {
    const bare = isOnePixel ? withoutOnes(found) : found; // a matrix for a convolution of one pixel, or the other way round
    const wanted = isOnePixel ? expected[name].slice(0, 2) : expected[name];
    if (r < 1 || bare.join() !== wanted.join()) {
      problems.push(
        `lora_${name} expected [${expected[name].join(', ')}], got [${found.join(', ')}]`,
      );
    }
    return { shape: expected[name], data };
  };
  return { target, A: half('A', A!), B: half('B', B!), problem: problems.join('; ') };
}

const withoutOnes = (shape: readonly number[]) =>
  shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;

/** @throws Error where the config and the tensors do not agree */
function alphasOf(
  from: string,
  layers: ReadonlyMap<string, Parts>,
  ranks: ReadonlyMap<string, number>,
  config: ReturnType<typeof readConfig> | undefined,
): Map<string, number> {
  const problems: string[] = [];
  const alphas = [...layers].map(([layer, { alpha }]): [string, number] => {
    const r = ranks.get(layer)!;
    const saved = alpha?.data[0];
    if (alpha && (alpha.data.length !== 1 || !(saved! > 0))) {
      problems.push(`${layer}: expected alpha to be one number > 0, got ${alpha.data.join(', ')}`);
    }
    if (!config) return [layer, saved ?? r]; // nothing said: as often as it was trained with alpha = r
    const expectedRank = byPattern(config.rankPattern, layer, config.r);
    const told = byPattern(config.alphaPattern, layer, config.loraAlpha);
    if (expectedRank !== r)
      problems.push(`${layer}: its config says r ${expectedRank}, its tensors have ${r}`);
    if (saved !== undefined && saved !== told) {
      problems.push(`${layer}: its config says alpha ${told}, its tensor ${saved}`);
    }
    return [layer, told];
  });
  if (problems.length > 0)
    throw new Error(`${from}: rank or alpha do not fit:\n  ${problems.join('\n  ')}`);
  return new Map(alphas);
}

/** The number that most layers have, and the layers that have another; each name as a pattern of itself. */
function mostCommon<N extends string, P extends string>(
  name: N,
  patternName: P,
  values: ReadonlyMap<string, number>,
) {
  const counts = new Map<number, number>();
  for (const value of values.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [common] = [...counts].sort(([, a], [, b]) => b - a)[0]!;
  const others = [...values].filter(([, value]) => value !== common);
  const pattern = Object.fromEntries(
    others.map(([layer, value]) => [`^${layer.replaceAll('.', '\\.')}`, value]),
  );
  return { [name]: common, [patternName]: pattern } as Record<N, number> &
    Record<P, Record<string, number>>;
}
