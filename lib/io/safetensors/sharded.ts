/**
 * Weights in one safetensors file, or spread over several with an index beside them
 * (`model.safetensors.index.json`), as transformers and diffusers save large models.
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { quote } from './error';
import { OtherNumber, parseStrictJson, StrictJsonError, type StrictJson } from './json';
import type { SafetensorsTensor } from './header';
import { SafetensorsReader } from './reader';
import { indexNames, withVariant } from './weight-names';

/** An index that cannot be trusted, or does not fit its files. No tensor was read. */
export class ShardIndexError extends Error {
  override readonly name = 'ShardIndexError';

  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    const shown = problems.slice(0, 10).join('\n  ');
    const more = problems.length > 10 ? `\n  … and ${problems.length - 10} more` : '';
    super(`${file}: the index and its files do not fit together:\n  ${shown}${more}`);
  }
}

/** Weights that are read tensor by tensor; `close` it at the end. */
export interface WeightFiles {
  readonly names: readonly string[];
  /** @throws SafetensorsError */
  read(name: string): SafetensorsTensor;
  close(): void;
}

const MAX_INDEX_BYTES = 100_000_000;

/** The file that holds a folder's weights, or the index of those that do; undefined if there is neither. */
function weightsFile(folder: string, fileName: string, variant?: string): string | undefined {
  const names = [withVariant(fileName, variant), ...indexNames(fileName, variant)];
  return names.map((name) => join(folder, name)).find((file) => existsSync(file));
}

/** Whether the folder has these weights, whole or in parts. */
export function hasWeights(folder: string, fileName: string, variant?: string): boolean {
  return weightsFile(folder, fileName, variant) !== undefined;
}

/**
 * Opens a folder's weights: `fileName`, or else the files that `<fileName>.index.json` names.
 *
 * @param variant opens those of `model.<variant>.safetensors` instead
 * @throws SafetensorsError for a damaged file; ShardIndexError if the index names a file outside of the folder, one
 *   that is missing, or does not agree with what the files hold; all problems at once
 */
export function openWeights(folder: string, fileName: string, variant?: string): WeightFiles {
  const file = weightsFile(folder, fileName, variant);
  if (file?.endsWith('.json')) return openShards(folder, file);
  const reader = new SafetensorsReader(file ?? join(folder, withVariant(fileName, variant)));
  return {
    names: reader.names,
    read: (name) => reader.read(name),
    close: () => reader.close(),
  };
}

function openShards(folder: string, indexFile: string): WeightFiles {
  const { weightMap, totalSize } = readIndex(indexFile);
  const shardNames = [...new Set(weightMap.values())].sort();
  const unsafe = shardNames.flatMap((name) => refusal(folder, name) ?? []);
  if (unsafe.length > 0) throw new ShardIndexError(indexFile, unsafe);
  const readers = new Map<string, SafetensorsReader>();
  const close = () => readers.forEach((reader) => reader.close());
  try {
    for (const name of shardNames) readers.set(name, new SafetensorsReader(join(folder, name)));
    const problems = compare(weightMap, readers, totalSize);
    if (problems.length > 0) throw new ShardIndexError(indexFile, problems);
  } catch (error) {
    close();
    throw error;
  }
  const read = (name: string) => {
    const shard = weightMap.get(name) ?? shardNames[0]!;
    return readers.get(shard)!.read(name);
  };
  return { names: [...weightMap.keys()], read, close };
}

function readIndex(file: string): {
  weightMap: ReadonlyMap<string, string>;
  totalSize: bigint | undefined;
} {
  const refuse = (problem: string) => new ShardIndexError(file, [problem]);
  const bytes = readFileSync(file);
  if (bytes.length > MAX_INDEX_BYTES) throw refuse(`expected at most ${MAX_INDEX_BYTES} bytes`);
  let json: StrictJson;
  try {
    json = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof StrictJsonError) && !(error instanceof TypeError)) throw error;
    throw refuse(error.message);
  }
  const field = (object: StrictJson | undefined, key: string) =>
    object instanceof Map ? (object as ReadonlyMap<string, StrictJson>).get(key) : undefined;
  const map = field(json, 'weight_map');
  if (!(map instanceof Map)) throw refuse('expected an object "weight_map", found none');
  const entries = [...(map as ReadonlyMap<string, StrictJson>)];
  const wrong = entries.find(([, shard]) => typeof shard !== 'string');
  if (wrong) throw refuse(`expected a file's name for ${quote(wrong[0])}, found none`);
  if (entries.length === 0) throw refuse('expected tensors in "weight_map", found none');
  const total = field(field(json, 'metadata'), 'total_size');
  // Some versions of transformers wrote it as a decimal number.
  const decimal = total instanceof OtherNumber ? /^(\d+)\.0$/.exec(total.text)?.[1] : undefined;
  const totalSize = decimal === undefined ? total : BigInt(decimal);
  return {
    weightMap: new Map(entries as [string, string][]),
    totalSize: typeof totalSize === 'bigint' ? totalSize : undefined,
  };
}

/** Why a shard's name is refused, before it is opened; undefined if it may be. */
function refusal(folder: string, name: string): string | undefined {
  const isPlain = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\.safetensors$/.test(name);
  if (!isPlain || name.includes('..')) {
    return `expected a plain file name that ends in .safetensors, found ${quote(name)}`;
  }
  let real: string;
  try {
    real = realpathSync(join(folder, name));
  } catch {
    return `${name}: no such file`;
  }
  const isInside = roots(folder).some((root) => real.startsWith(root + sep));
  return isInside ? undefined : `${name}: a link that leaves the folder`;
}

/**
 * The folder; in a cache of the Hugging Face hub (snapshots/<revision>) also the blobs it links to, and those that
 * huggingface_hub keeps once for all models of the cache and links the blobs to.
 */
function roots(folder: string): string[] {
  const own = realpathSync(folder);
  for (let at = own; dirname(at) !== at; at = dirname(at)) {
    if (basename(dirname(at)) !== 'snapshots') continue;
    const repo = dirname(dirname(at));
    const shared = join(dirname(repo), 'blobs');
    const isShared = existsSync(join(shared, '.huggingface-shared-blobs'));
    return [own, join(repo, 'blobs'), ...(isShared ? [shared] : [])];
  }
  return [own];
}

function compare(
  weightMap: ReadonlyMap<string, string>,
  readers: ReadonlyMap<string, SafetensorsReader>,
  totalSize: bigint | undefined,
): string[] {
  const problems: string[] = [];
  const places = new Map<string, string>();
  let bytes = 0n;
  for (const [shard, reader] of readers) {
    for (const name of reader.names) {
      const other = places.get(name);
      if (other !== undefined) problems.push(`${quote(name)} is both in ${other} and in ${shard}`);
      else if (!weightMap.has(name))
        problems.push(`${quote(name)} of ${shard} is not in the index`);
      places.set(name, shard);
      bytes += BigInt(reader.info(name).bytes);
    }
  }
  for (const [name, shard] of weightMap) {
    const found = places.get(name);
    if (found !== shard) {
      problems.push(`${quote(name)}: expected in ${shard}, found in ${found ?? 'none'}`);
    }
  }
  if (totalSize !== undefined && totalSize !== bytes) {
    problems.push(`total_size: expected ${totalSize} bytes of tensors, found ${bytes}`);
  }
  return problems;
}
