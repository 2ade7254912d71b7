/**
 * Where `fromPretrained` and `savePretrained` get at files. Models, schedulers and pipelines know only this; what reads
 * folders (lib/pretrained, in Node) says so when it is loaded, and something else can stand in its place, such as files that
 * a page has fetched.
 */

import type { StateDict } from '../nn/state-dict';

/** A model, a tokenizer, a scheduler; or anything whose fields hold `tf.Variable`s. */
export type Part = object;

/** Options of every `fromPretrained` that reads weights. */
export interface PretrainedOptions {
  /** `fp16`: reads `model.fp16.safetensors` (or its shards) instead of `model.safetensors`. */
  readonly variant?: string | undefined;
}

/** Whose names a model's files have: config.json beside diffusion_pytorch_model.safetensors or model.safetensors. */
export type ModelLibrary = 'diffusers' | 'transformers';

export interface ReadModelOptions extends PretrainedOptions {
  /** Whether to read a tensor of this name. Default: all. */
  readonly wanted?: (name: string) => boolean;
}

/** A model's files, read. */
export interface ModelFiles {
  /** The object in config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: StateDict;
  /** Where the weights come from, for messages. */
  readonly from: string;
}

export interface PretrainedFiles {
  /**
   * @param name a folder, or a model id that the hub's cache has
   * @throws Error if a file is missing or damaged
   */
  readModel(name: string, library: ModelLibrary, options?: ReadModelOptions): ModelFiles;
  /** @param floatKeys config keys whose whole numbers are written with a decimal point */
  writeModel(
    folder: string,
    library: ModelLibrary,
    config: object,
    module: object,
    floatKeys?: readonly string[],
  ): void;
  /**
   * Those of the named files that a folder (or a model id of the hub's cache) has, by name.
   *
   * @param name default: the tokenizer that ships with the package
   * @throws Error if one cannot be read
   */
  readFiles(name: string | undefined, fileNames: readonly string[]): Record<string, Uint8Array>;
  /** Where a folder or a model is, for messages. Default: its name. */
  placeOf?(name: string): string;
  /** Writes files into a folder, which is made. @throws Error if one cannot be written */
  writeFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void;
  /** All parts that model_index.json names, by its names. @throws Error if a file is missing or damaged */
  loadPipeline(name: string, options?: PretrainedOptions): Readonly<Record<string, Part>>;
  /** Writes each part into a folder of its name, and model_index.json. */
  savePipeline(folder: string, className: string, parts: Readonly<Record<string, Part>>): void;
}

let files: PretrainedFiles | undefined;

/** @returns what stood there before */
export function setPretrainedFiles(
  source: PretrainedFiles | undefined,
): PretrainedFiles | undefined {
  const before = files;
  files = source;
  return before;
}

/** @throws Error where nothing reads files */
export function pretrainedFiles(): PretrainedFiles {
  if (files) return files;
  throw new Error(
    'No files can be read here: import the package itself, or call setPretrainedFiles.',
  );
}
