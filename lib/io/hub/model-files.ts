/** Which files of a repository it takes to load a model. */
import { isPickle, parseWeightName, type WeightName } from '../safetensors/weight-names';
import { HubError } from './errors';

export interface FileChoice {
  /** Only files below this folder; '' for all. */
  readonly subfolder: string;
  /** `fp16`: the weights of `model.fp16.safetensors`, where there are some. */
  readonly variant: string | undefined;
}

interface Weights<T> extends WeightName {
  readonly file: T;
  readonly folder: string;
}

const TEXT =
  /^((model_index|config|[a-z_]*_config|tokenizer|vocab|special_tokens_map|added_tokens)\.json|merges\.txt)$/;

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(keyOf(item));
    if (group) group.push(item);
    else found.set(keyOf(item), [item]);
  }
  return [...found.values()];
}

/** One of the variants of a model's weights, in one file rather than in several. */
function chosenWeights<T>(weights: readonly Weights<T>[], variant: string | undefined): T[] {
  const has = weights.some((w) => w.variant === variant);
  const those = weights.filter((w) => w.variant === (has ? variant : undefined));
  const whole = those.filter(({ part }) => part === 'whole');
  return (whole.length > 0 ? whole : those).map(({ file }) => file);
}

/**
 * What loads a model: configs, the tokenizer, and safetensors weights in one variant; of a pipeline not the whole model
 * again in one file. A part that does not have the variant is taken without it, as diffusers does.
 *
 * @param what the model, for messages
 * @throws HubError if there are no weights to read, saying which there are instead
 */
export function filesOfModel<T extends { readonly path: string }>(
  what: string,
  files: readonly T[],
  { subfolder, variant }: FileChoice,
): T[] {
  const below = files.filter(({ path }) => subfolder === '' || path.startsWith(`${subfolder}/`));
  const isPipeline = files.some(({ path }) => path === 'model_index.json');
  const texts = below.filter(({ path }) => TEXT.test(nameOf(path)));
  const weights = below.flatMap((file): Weights<T>[] => {
    const parsed = parseWeightName(nameOf(file.path));
    const folder = folderOf(file.path);
    return parsed === undefined || (isPipeline && folder === '')
      ? []
      : [{ ...parsed, file, folder }];
  });
  const perModel = groups(weights, ({ folder, stem }) => `${folder}/${stem}`);
  const chosen = perModel.flatMap((model) => chosenWeights(model, variant));
  const chosenFolders = new Set(chosen.map(({ path }) => folderOf(path)));
  const configs = new Set(
    texts.map(({ path }) => path).filter((path) => nameOf(path) === 'config.json'),
  );
  const leftOut = weights.find(
    ({ folder }) =>
      !chosenFolders.has(folder) &&
      (chosen.length === 0 || configs.has(`${folder === '' ? '' : `${folder}/`}config.json`)),
  );
  if (leftOut !== undefined) throw new HubError(otherVariant(what, leftOut, variant));
  if (variant !== undefined && weights.length > 0 && !weights.some((w) => w.variant === variant)) {
    throw new HubError(
      `${what}: expected weights of the variant '${variant}', found none, but ${weights[0]!.file.path}. ` +
        "Leave out the option 'variant'.",
    );
  }
  // A tokenizer or a scheduler has none.
  const isModel = texts.some(({ path }) => /(^|\/)(config|model_index)\.json$/.test(path));
  const pickle = below.find(({ path }) => isPickle(path))?.path;
  if (chosen.length === 0 && (isModel || texts.length === 0 || pickle !== undefined)) {
    throw new HubError(noWeights(what, files, subfolder, pickle));
  }
  const wanted = new Set([...texts, ...chosen]);
  return below.filter((file) => wanted.has(file));
}

/** A folder has weights, but only of another variant. */
function otherVariant<T extends { readonly path: string }>(
  what: string,
  { file, variant: found = '' }: Weights<T>,
  variant: string | undefined,
): string {
  const expected = variant === undefined ? 'without a variant' : `of the variant '${variant}'`;
  return (
    `${what}: expected safetensors weights ${expected}, found only ${file.path}. ` +
    `Pass the option { variant: '${found}' }.`
  );
}

function noWeights(
  what: string,
  files: readonly { readonly path: string }[],
  subfolder: string,
  pickle: string | undefined,
): string {
  if (pickle !== undefined) {
    return (
      `${what}: expected safetensors weights, found only ${pickle}, which can run code when it is read, and is not. ` +
      "Look on the hub for a pull request that adds model.safetensors and pass its revision ('refs/pr/<n>'), or load " +
      'it in Python and save it again with save_pretrained(folder, safe_serialization=True).'
    );
  }
  if (subfolder === '') return `${what}: expected safetensors weights, found none. Is it a model?`;
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))].filter(
    (name) => name !== '',
  );
  const there =
    folders.length === 0 ? 'no folders' : `the folders ${folders.slice(0, 20).join(', ')}`;
  return `${what}: expected safetensors weights below ${subfolder}/, found none. The repository has ${there}.`;
}
