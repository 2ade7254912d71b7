/**
 * Where `fromPretrained` and `savePretrained` get at files. Models, schedulers and pipelines know only this; what reads
 * folders (lib/pretrained, in Node) says so when it is loaded, and something else can stand in its place, such as files that
 * a page has fetched.
 */

/** A model, a tokenizer, a scheduler; or anything whose fields hold `tf.Variable`s. */
export type Part = object;

export interface PretrainedFiles {
  /** All parts that model_index.json names, by its names. @throws Error if a file is missing or damaged */
  loadPipeline(name: string): Readonly<Record<string, Part>>;
  /**
   * Those of the named files that a folder (or a model id of the hub's cache) has, by name.
   *
   * @param name default: the tokenizer that ships with the package
   * @throws Error if one cannot be read
   */
  readFiles(name: string | undefined, fileNames: readonly string[]): Record<string, Uint8Array>;
  /** Writes files into a folder, which is made. @throws Error if one cannot be written */
  writeFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void;
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
