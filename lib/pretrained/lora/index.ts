/** Adapters from files and into files. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { tf } from '../../backend';
import { writeFileAtomically } from '../../io/atomic-write';
import { fromFloat32Array, writeSafetensors, type SafetensorsTensor } from '../../io/safetensors';
import { parameter } from '../../nn/init';
import { addBranches } from '../../nn/lora/adapters';
import { modelsOf, type LoraTarget } from '../../nn/lora/target-models';
import { registryOf, type Adapter } from '../../nn/lora/registry';
import { fromHost, toHost, type HostTensor } from '../../nn/state-dict';
import { LORA_WEIGHTS, loraFile, PEFT_CONFIG, PEFT_WEIGHTS } from './find-file';
import { keyOf, type LoraSpelling } from './keys';
import { METADATA_KEY, writtenConfig } from './metadata';
import { readLora } from './read';

export type { LoraSpelling } from './keys';

export interface LoadLoraOptions {
  /** Default: `default_0`, `default_1` …, as in diffusers. */
  readonly adapterName?: string | undefined;
  /** The file in the folder. Default: `pytorch_lora_weights.safetensors`, peft's `adapter_model.safetensors`, or the only one. */
  readonly weightName?: string | undefined;
}

/**
 * Loads adapters from a file or folder that diffusers, peft, kohya's scripts or `saveLoraWeights` wrote. The new adapter
 * is then the only one that is computed; `setAdapters` mixes several.
 *
 * Where neither metadata nor `.alpha` tensors say otherwise, alpha is the rank, as in diffusers: an adapter that was trained
 * with another alpha and saved without it changes less, or more, than it did.
 *
 * @param target a pipeline, `{ unet, textEncoder }`, or one model
 * @param name a safetensors file, a folder with one, or an id of the hub that `snapshotDownload` has fetched
 * @returns the adapter's name
 * @throws Error if the file is missing, damaged, a pickle, holds keys that name no layer (all are named), or is of
 *   another model; nothing is then changed
 */
export function loadLoraWeights(
  target: LoraTarget,
  name: string,
  { adapterName, weightName }: LoadLoraOptions = {},
): string {
  const models = modelsOf(target);
  const file = loraFile(name, weightName);
  const chosen = adapterName ?? freeName(models);
  const taken = [...models.values()].find((model) => registryOf(model)?.adapters.has(chosen));
  if (taken) {
    throw new Error(
      `loadLoraWeights: ${taken.constructor.name} already has an adapter '${chosen}'. Choose another adapterName, or ` +
        'deleteAdapters first.',
    );
  }
  if (!/^[^.\s]+$/.test(chosen)) {
    throw new TypeError(
      `loadLoraWeights: expected adapterName without dots and spaces, got '${chosen}'.`,
    );
  }
  const read = readLora(file, models);
  for (const [component, { config, layers }] of read) {
    const targets = [...layers.values()].map(({ target }) => target);
    addBranches(models.get(component)!, chosen, config, targets, ({ name }) => {
      const { A, B } = layers.get(name)!;
      return { A: variableOf(A), B: variableOf(B) };
    });
  }
  // What the file says nothing of has no part in what it does.
  for (const [component, model] of models) {
    if (!read.has(component)) registryOf(model)?.activate([]);
  }
  return chosen;
}

const variableOf = (value: HostTensor) => parameter(tf.tidy(() => fromHost(value)));

function freeName(models: ReadonlyMap<string, object>): string {
  const used = new Set(
    [...models.values()].flatMap((m) => [...(registryOf(m)?.adapters.keys() ?? [])]),
  );
  for (let i = used.size; ; i++) if (!used.has(`default_${i}`)) return `default_${i}`;
}

export interface SaveLoraOptions {
  /** Default: the only one there is. */
  readonly adapterName?: string | undefined;
  /** Default: `pytorch_lora_weights.safetensors`, or peft's `adapter_model.safetensors`. */
  readonly weightName?: string | undefined;
  /**
   * `diffusers` (default): `lora_A` and `lora_B`, with alpha in the metadata; `scripts`: `lora.down` and `lora.up`, as
   * diffusers' training scripts and its older versions have them, with the metadata, too; `kohya`: names with underscores and `.alpha`
   * tensors (of which diffusers reads one alpha for all layers only); `peft`: a folder for `PeftModel.from_pretrained`, of one model.
   */
  readonly spelling?: LoraSpelling | undefined;
}

const SPELLINGS: readonly LoraSpelling[] = ['diffusers', 'scripts', 'kohya', 'peft'];

/**
 * Writes an adapter into a folder, whole or not at all: for `pipe.load_lora_weights(folder)` in Python. Weights that
 * `setAdapters` gave are not part of it.
 *
 * @param target a pipeline, `{ unet, textEncoder }`, or one model
 * @returns the file
 * @throws RangeError for a bad option; Error if no model has the adapter, or the file cannot be written
 */
export function saveLoraWeights(
  target: LoraTarget,
  folder: string,
  { adapterName, weightName, spelling = 'diffusers' }: SaveLoraOptions = {},
): string {
  if (!SPELLINGS.includes(spelling)) {
    throw new RangeError(
      `saveLoraWeights: expected spelling to be one of ${SPELLINGS.join(', ')}, got ${String(spelling)}.`,
    );
  }
  const adapters = chosenAdapters(modelsOf(target), adapterName);
  if (spelling === 'peft' && adapters.size > 1) {
    throw new Error(
      'saveLoraWeights: expected one model for peft, whose files are of one; got the UNet and the text encoder.',
    );
  }
  const tensors = new Map<string, SafetensorsTensor>();
  const config: Record<string, unknown> = {};
  for (const [component, adapter] of adapters) {
    for (const [layer, { A, B, alpha }] of adapter.branches) {
      const at = (part: 'A' | 'B' | 'alpha') => keyOf(spelling, { component, layer, part });
      tensors.set(at('A'), written(toHost(A)));
      tensors.set(at('B'), written(toHost(B)));
      if (spelling === 'kohya')
        tensors.set(at('alpha'), fromFloat32Array(Float32Array.of(alpha), []));
    }
    for (const [key, value] of Object.entries(writtenConfig(adapter.config))) {
      config[component && spelling !== 'peft' ? `${component}.${key}` : key] = value;
    }
  }
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, weightName ?? (spelling === 'peft' ? PEFT_WEIGHTS : LORA_WEIGHTS));
  const sorted = Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
  const json = JSON.stringify(sorted, null, 2);
  const hasMetadata = spelling === 'diffusers' || spelling === 'scripts';
  writeSafetensors(file, tensors, { format: 'pt', ...(hasMetadata && { [METADATA_KEY]: json }) });
  if (spelling === 'peft') writeFileAtomically(path.join(folder, PEFT_CONFIG), [`${json}\n`]);
  return file;
}

const written = ({ data, shape }: HostTensor) => fromFloat32Array(data, shape);

function chosenAdapters(
  models: ReadonlyMap<string, object>,
  adapterName: string | undefined,
): Map<string, Adapter> {
  const all = [...models].flatMap(([component, model]) =>
    [...(registryOf(model)?.adapters ?? [])].map(([name, adapter]) => ({
      component,
      name,
      adapter,
    })),
  );
  const names = [...new Set(all.map(({ name }) => name))];
  const chosen = adapterName ?? (names.length === 1 ? names[0] : undefined);
  const own = all.filter(({ name }) => name === chosen);
  if (own.length > 0) return new Map(own.map(({ component, adapter }) => [component, adapter]));
  const there = names.map((name) => `'${name}'`).join(', ') || 'none';
  throw new RangeError(
    `saveLoraWeights: expected adapterName to be one of ${there}, got ${adapterName === undefined ? 'nothing' : `'${adapterName}'`}.`,
  );
}
