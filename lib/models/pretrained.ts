/**
 * Where `fromPretrained` and `savePretrained` get at files. Models, schedulers and pipelines know only this; what reads
 * folders (lib/pretrained, in Node) says so when it is loaded, and something else can stand in its place, such as files that
 * a page has fetched.
 */

/** A model, a tokenizer, a scheduler; or anything whose fields hold `tf.Variable`s. */
export type Part = object;

/** Options of every `fromPretrained` that reads weights. */
export interface PretrainedOptions {
  /** `fp16`: reads `model.fp16.safetensors` (or its shards) instead of `model.safetensors`. */
  readonly variant?: string | undefined;
}

export interface PretrainedFiles {
  /** All parts that model_index.json names, by its names. @throws Error if a file is missing or damaged */
  loadPipeline(name: string, options?: PretrainedOptions): Readonly<Record<string, Part>>;
  /** Writes each part into a folder of its name, and model_index.json. */
  savePipeline(folder: string, className: string, parts: Readonly<Record<string, Part>>): void;
}

let files: PretrainedFiles | undefined;

export function setPretrainedFiles(source: PretrainedFiles): void {
  files = source;
}

/** @throws Error where nothing reads files */
export function pretrainedFiles(): PretrainedFiles {
  if (files) return files;
  throw new Error(
    'No files can be read here: import the package itself, or call setPretrainedFiles.',
  );
}
