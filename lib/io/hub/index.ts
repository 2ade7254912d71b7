/**
 * Models of the Hugging Face hub. What the hub says of a model comes by @huggingface/hub; its own downloads are not
 * used, since they start over when broken, check no checksum, know no offline mode and print.
 */
import { notice } from '../../notices';
import { checkVariant } from '../safetensors/weight-names';
import { hubCacheFolder, repoFolders, type RepoFolders } from './cache';
import type { RequestOptions } from './download';
import { hubSettings, tokenToSend } from './environment';
import { HubError, IncompleteSnapshotError } from './errors';
import { fillSnapshot, type HubProgress } from './fill-snapshot';
import { explain, isOfHub, listingOf, type Listing } from './listing';
import { filesOfModel } from './model-files';
import { checkModelId, checkRevision, repoFolder } from './names';
import { findSnapshot, type FoundSnapshot } from './snapshots';

export type { HubProgress };

export interface SnapshotOptions {
  /** A branch, tag, commit, or `refs/pr/<n>`. Default: `main`. */
  readonly revision?: string | undefined;
  /** Only files below this folder of the repository. */
  readonly subfolder?: string | undefined;
  /** `fp16`: the weights of `model.fp16.safetensors`, in the parts that have such; else those without a variant. */
  readonly variant?: string | undefined;
  /** The cache's folder; `~` is the home folder. Default: the hub's usual cache. */
  readonly cacheDir?: string | undefined;
  /**
   * A token; `true`: the stored one must be there; `false`: none. Default: `HF_TOKEN` or what `hf auth login` stored;
   * with `HF_HUB_DISABLE_IMPLICIT_TOKEN`, none.
   */
  readonly token?: string | boolean | undefined;
  /** Ask nothing of the network. Default: what `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** The hub's address. Default: `HF_ENDPOINT`, or https://huggingface.co. */
  readonly endpoint?: string | undefined;
  readonly onProgress?: ((progress: HubProgress) => void) | undefined;
  /** Told when the cache's snapshot is given because the hub cannot be reached. Default: `process.emitWarning`. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The pause before the first retry in milliseconds, doubled each time. Default: 1000. */
  readonly retryDelay?: number | undefined;
  /** Default: 5. */
  readonly maxRetries?: number | undefined;
}

export const warn = (message: string) => notice(message, 'HubWarning');

/** The options, with what the environment says where they say nothing. */
function resolve(id: string, options: SnapshotOptions) {
  const { revision = 'main', variant, onWarning = warn, onProgress } = options;
  checkModelId(id);
  checkRevision(revision);
  if (variant !== undefined) checkVariant(variant);
  const subfolder = repoFolder(options.subfolder);
  const cacheDir = hubCacheFolder(options.cacheDir);
  const what = `${id} (${revision})`;
  return { id, revision, what, variant, subfolder, cacheDir, onWarning, onProgress };
}

type Plan = ReturnType<typeof resolve>;

export function requestOptions(options: SnapshotOptions): RequestOptions {
  const { endpoint: usual, etagTimeout, downloadTimeout } = hubSettings();
  const { signal, retryDelay = 1000, maxRetries = 5 } = options;
  const endpoint = (options.endpoint ?? usual).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new HubError(
      `expected the hub's address (HF_ENDPOINT, or the option 'endpoint') to begin with https:// or http://, ` +
        `got ${JSON.stringify(endpoint)}.`,
    );
  }
  const token = tokenToSend(options.token);
  return { endpoint, token, signal, retryDelay, maxRetries, etagTimeout, downloadTimeout };
}

/**
 * Downloads what it takes to load a model (configs, tokenizer, safetensors weights) into the hub's cache, where
 * Python finds it too. What is there already is not loaded again. If the hub cannot be reached and the cache has the
 * snapshot whole, that is given, with a warning.
 *
 * @param id for example `openai/clip-vit-base-patch32`
 * @returns the snapshot's folder, for `fromPretrained`
 * @throws HubNameError for a bad id, revision or subfolder; RangeError for a bad variant; HubError if the hub refuses,
 *   the model has only pickled weights, or it is not in the cache in offline mode; IncompleteSnapshotError (a HubError)
 *   if only a part of it is; FolderLockedError if another process downloads it
 */
export async function snapshotDownload(id: string, options: SnapshotOptions = {}): Promise<string> {
  const plan = resolve(id, options);
  if (options.offline ?? hubSettings().isOffline) return offlineSnapshot(plan);
  const request = requestOptions(options);
  const folders = repoFolders(plan.cacheDir, id);
  let listed: Listing;
  try {
    listed = await listing(plan, folders, request);
  } catch (error) {
    if (!isOfHub(error)) throw error;
    if (options.signal?.aborted) throw explain(error, id, plan.revision);
    return fallBack(plan, explain(error, id, plan.revision));
  }
  const choose = (files: Listing['files']) => filesOfModel(plan.what, files, plan);
  await fillSnapshot({ ...plan, choose }, folders, listed, request);
  return folders.snapshot(listed.commit);
}

function offlineSnapshot(plan: Plan): string {
  const { id, what, cacheDir } = plan;
  const found = findSnapshot(id, plan);
  if (found === null) {
    throw new HubError(
      `${what}: not in the cache ${cacheDir}, and offline mode is on. ` +
        'Download it once with HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE unset.',
    );
  }
  if (found.missing.length === 0) return found.folder;
  throw new IncompleteSnapshotError(
    what,
    found.folder,
    found.missing,
    'Offline mode is on. Download the rest once with HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE unset.',
  );
}

/** What the cache has instead of what the hub did not give. */
function fallBack(plan: Plan, error: Error): string {
  const found = findSnapshot(plan.id, plan);
  if (found === null) throw error;
  const { folder, missing, commit } = found;
  if (missing.length > 0) {
    const { message } = error;
    const status = error instanceof HubError ? error.status : undefined;
    throw new IncompleteSnapshotError(plan.what, folder, missing, message, {
      status,
      cause: error,
    });
  }
  plan.onWarning(
    `${error.message} The snapshot in the cache is used (commit ${commit}); the hub may have a newer one.`,
  );
  return folder;
}

function listing(plan: Plan, folders: RepoFolders, request: RequestOptions): Promise<Listing> {
  const { id, revision } = plan;
  // With a snapshot to fall back to nobody waits for a hub that is not there.
  const patience = hasWhole(plan) ? { ...request, maxRetries: 0 } : request;
  return listingOf(id, revision, folders, patience);
}

function hasWhole(plan: Plan): boolean {
  let found: FoundSnapshot | null = null;
  try {
    found = findSnapshot(plan.id, plan);
  } catch (error) {
    if (!(error instanceof HubError)) throw error; // what is in the cache cannot be loaded
  }
  return found?.missing.length === 0;
}
