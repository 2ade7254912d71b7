/** What the hub's cache has of a model, and what of it is missing. Nothing is asked of the network or written. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseWeightName, withVariant } from '../safetensors/weight-names';
import { hubCacheFolder, isFile, readRef, repoFolders } from './cache';
import { filesOfModel, type FileChoice } from './model-files';
import { checkModelId, checkRevision, repoFolder } from './names';
import { readTree } from './tree';

export interface SnapshotChoice {
  /** A branch, tag, commit, or `refs/pr/<n>`. Default: `main`. */
  readonly revision?: string | undefined;
  /** The cache's folder; `~` is the home folder. Default: the hub's usual cache. */
  readonly cacheDir?: string | undefined;
  /** Only files below this folder of the repository. */
  readonly subfolder?: string | undefined;
  /** Weights of this variant. */
  readonly variant?: string | undefined;
  /** Only these of the repository's files. */
  readonly wanted?: ((path: string) => boolean) | undefined;
}

/** A snapshot as far as the cache has it. */
export interface FoundSnapshot {
  readonly folder: string;
  readonly commit: string;
  /** Paths inside the repository of what should be there, too; of a folder with a slash at the end. */
  readonly missing: readonly string[];
}

interface NamedFile {
  readonly path: string;
}

/**
 * What the cache has of a revision. Which files there should be is read in the commit's list; where huggingface_hub
 * left none, only what is there tells what else there should be.
 *
 * @returns null if the cache has nothing of it
 * @throws HubError if there are no weights to read; HubNameError for a bad name
 */
export function findSnapshot(id: string, choice: SnapshotChoice = {}): FoundSnapshot | null {
  const { revision = 'main', variant, wanted = () => true } = choice;
  checkModelId(id);
  checkRevision(revision);
  const subfolder = repoFolder(choice.subfolder);
  const folders = repoFolders(hubCacheFolder(choice.cacheDir), id);
  const commit = readRef(folders, revision);
  if (commit === undefined) return null;
  const folder = folders.snapshot(commit);
  if (!existsSync(folder)) return null;
  const tree = readTree(folders.root, commit);
  const files = tree ?? filesBelow(folder, variant);
  const wantedFiles = files.filter(({ path: name }) => wanted(name));
  const what = `${id} (${revision})`;
  const expected =
    tree === undefined
      ? namedFiles(what, folder, wantedFiles, { subfolder, variant })
      : filesOfModel(what, wantedFiles, { subfolder, variant }).map(({ path: name }) => name);
  const isThere = (name: string) =>
    name.endsWith('/') ? existsSync(path.join(folder, name)) : isFile(path.join(folder, name));
  return { folder, commit, missing: expected.filter((name) => !isThere(name)) };
}

/** The files and folders that a snapshot without a list should have, as far as what is there tells. */
function namedFiles(
  what: string,
  folder: string,
  files: readonly NamedFile[],
  choice: FileChoice,
): string[] {
  const { subfolder } = choice;
  const isBelow = (name: string) => subfolder === '' || name.startsWith(`${subfolder}/`);
  const isIndexed = files.some(({ path: name }) => name === 'model_index.json');
  const parts = isIndexed ? partsOfPipeline(folder).filter(isBelow) : [];
  const hasWeights = files.some(({ path: name }) => isBelow(name) && isWeights(name));
  const hasTexts = files.some(({ path: name }) => isBelow(name) && /\.(json|txt)$/.test(name));
  if (hasWeights || (hasTexts && !isIndexed)) {
    return [...filesOfModel(what, files, choice).map(({ path: name }) => name), ...parts];
  }
  const none = subfolder === '' ? 'config.json' : `${subfolder}/`;
  return parts.length > 0 ? parts : [none];
}

const isWeights = (name: string) =>
  parseWeightName(path.basename(name)) !== undefined || /\.(bin|pt|pth|ckpt)$/.test(name);

function readJson(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return {}; // who loads the file says what is wrong with it
  }
}

/** The files below a folder, links to blobs that are gone among them, and those that they cannot be loaded without. */
function filesBelow(folder: string, variant: string | undefined): NamedFile[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const there = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  const needed = there.flatMap((name) => neededBy(folder, name, there, variant));
  return [...new Set([...there, ...needed])].sort().map((name) => ({ path: name }));
}

/** An index needs its shards; a model's config needs weights, and weights a config. */
function neededBy(
  folder: string,
  name: string,
  there: readonly string[],
  variant: string | undefined,
): string[] {
  const { dir, base } = path.parse(name);
  const beside = (other: string) => path.join(dir, other);
  const weights = parseWeightName(base);
  const config = beside('config.json');
  const own = weights && /^(model|diffusion_pytorch_model)$/.test(weights.stem) ? [config] : [];
  if (weights?.part === 'index') {
    const map = readJson(path.join(folder, name))['weight_map'] ?? {};
    const isPlain = (shard: unknown): shard is string =>
      parseWeightName(String(shard)) !== undefined;
    return [...own, ...Object.values(map).filter(isPlain).map(beside)];
  }
  if (name !== config || (dir === '' && there.includes('model_index.json'))) return own;
  if (there.some((file) => path.dirname(file) === path.dirname(name) && isWeights(file))) return [];
  const isDiffusers = '_class_name' in readJson(path.join(folder, name));
  const stem = isDiffusers ? 'diffusion_pytorch_model' : 'model';
  return [beside(withVariant(`${stem}.safetensors`, variant))];
}

/** The folders that a pipeline's index names. */
function partsOfPipeline(folder: string): string[] {
  const index = Object.entries(readJson(path.join(folder, 'model_index.json')));
  // [library, class]; [null, null] is a part that the pipeline goes without
  const isPart = ([name, value]: [string, unknown]) =>
    /^\w+$/.test(name) && Array.isArray(value) && typeof value[1] === 'string';
  return index.filter(isPart).map(([name]) => `${name}/`);
}
