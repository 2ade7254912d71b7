/**
 * Models of the Hugging Face hub. Names, listings and the cache's place come from @huggingface/hub; its own
 * downloads are not used, since they start over when broken, check no checksum, know no offline mode and print.
 */
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { lockFolder, unlockFolder } from '../runs/folder-lock';
import {
  cachedSnapshot,
  checkModelId,
  checkRepoPath,
  checkRevision,
  hubCacheFolder,
  hubIsOffline,
  hubToken,
  linkBlob,
  repoFolders,
  writeRef,
} from './cache';
import { downloadBlob, HubError, patientFetch, type RequestOptions } from './download';

export interface HubProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  /** Bytes of all files so far, and in all. */
  readonly received: number;
  readonly total: number;
}

export interface SnapshotOptions {
  /** A branch, tag, commit, or `refs/pr/<n>`; `main` unless told. */
  readonly revision?: string;
  /** Only files below this folder of the repository. */
  readonly subfolder?: string;
  /** The hub's usual cache unless told. */
  readonly cacheDir?: string;
  /** `HF_TOKEN` or what `hf auth login` stored unless told. */
  readonly token?: string;
  /** Ask nothing of the network; `HF_HUB_OFFLINE` unless told. */
  readonly offline?: boolean;
  /** `HF_ENDPOINT` or https://huggingface.co unless told. */
  readonly endpoint?: string;
  readonly onProgress?: (progress: HubProgress) => void;
  readonly signal?: AbortSignal;
  /** The pause before the first retry in milliseconds, doubled each time; 1000. */
  readonly retryDelay?: number;
  /** 5 */
  readonly maxRetries?: number;
}

interface RepoFile {
  readonly path: string;
  readonly size: number;
  readonly checksum: string;
}

/**
 * Downloads what it takes to load a model (configs, tokenizer, safetensors weights) into the hub's cache, where
 * Python finds it too. What is there already is not loaded again.
 *
 * @param id for example `openai/clip-vit-base-patch32`
 * @returns the snapshot's folder, for `fromPretrained`
 * @throws HubNameError for a bad id or revision; HubError if the hub refuses, the model has only pickled weights, or
 *   it is not in the cache in offline mode; FolderLockedError if another process downloads it
 */
export async function snapshotDownload(id: string, options: SnapshotOptions = {}): Promise<string> {
  const { revision = 'main', cacheDir: cache = hubCacheFolder() } = options;
  checkModelId(id);
  checkRevision(revision);
  if (options.offline ?? hubIsOffline()) {
    const cached = cachedSnapshot(id, { revision, cache });
    if (cached !== null) return cached;
    throw new HubError(
      `${id} (${revision}): not in the cache ${cache}, and offline mode is on. ` +
        'Download it once with HF_HUB_OFFLINE unset.',
    );
  }
  const endpoint = options.endpoint ?? process.env['HF_ENDPOINT'] ?? 'https://huggingface.co';
  const token = options.token ?? hubToken();
  const { signal, retryDelay = 1000, maxRetries = 5 } = options;
  const request: RequestOptions = { token, signal, retryDelay, maxRetries };
  const { commit, files } = await list(id, revision, endpoint, request);
  const wanted = chosenFiles(id, files, options.subfolder);
  const folders = repoFolders(cache, id);
  mkdirSync(folders.blobs, { recursive: true });
  lockFolder(folders.blobs);
  try {
    const total = wanted.reduce((sum, { size }) => sum + size, 0);
    let received = 0;
    for (const file of wanted) {
      const blob = path.join(folders.blobs, file.checksum);
      const count = (bytes: number) => {
        received += bytes;
        options.onProgress?.({ file: file.path, received, total });
      };
      const where = file.path.split('/').map(encodeURIComponent).join('/');
      const source = {
        ...file,
        name: `${id}/${file.path}`,
        url: `${endpoint}/${id}/resolve/${commit}/${where}`,
      };
      if (existsSync(blob)) count(file.size);
      else
        await downloadBlob(source, blob, request, count).catch((e: unknown) =>
          explain(e, id, revision),
        );
      linkBlob(path.join(folders.snapshot(commit), ...file.path.split('/')), blob);
    }
    writeRef(folders, revision, commit); // last: a snapshot found by name is whole
  } finally {
    unlockFolder(folders.blobs);
  }
  return folders.snapshot(commit);
}

async function list(id: string, revision: string, hubUrl: string, request: RequestOptions) {
  const fetch = patientFetch(request);
  const credentials = request.token === undefined ? {} : { accessToken: request.token };
  try {
    const common = { hubUrl, fetch, ...credentials };
    const info = await modelInfo({ name: id, revision, additionalFields: ['sha'], ...common });
    const commit = String(info.sha);
    if (!/^[0-9a-f]{40}$/.test(commit)) throw new HubError(`${id}: the hub names no commit.`);
    const files: RepoFile[] = [];
    for await (const entry of listFiles({
      repo: id,
      revision: commit,
      recursive: true,
      ...common,
    })) {
      if (entry.type !== 'file') continue;
      checkRepoPath(entry.path);
      const checksum = entry.lfs?.oid ?? entry.oid ?? '';
      if (!/^([0-9a-f]{64}|[0-9a-f]{40})$/.test(checksum)) {
        throw new HubError(`${id}/${entry.path}: the hub gives no checksum.`);
      }
      files.push({ path: entry.path, size: entry.lfs?.size ?? entry.size, checksum });
    }
    return { commit, files };
  } catch (error) {
    return explain(error, id, revision);
  }
}

/** What loads a model: configs and safetensors, in diffusers' folders only those, no second precision. */
function chosenFiles(id: string, files: readonly RepoFile[], subfolder?: string): RepoFile[] {
  const below =
    subfolder === undefined ? files : files.filter(({ path: p }) => p.startsWith(`${subfolder}/`));
  const isPipeline = files.some(({ path: p }) => p === 'model_index.json');
  const isText =
    /(^|\/)(model_index|config|[a-z_]*_config|tokenizer|vocab|special_tokens_map|added_tokens|.*\.safetensors\.index)\.json$|(^|\/)merges\.txt$/;
  const isWeights = (p: string) =>
    /\.safetensors$/.test(p) &&
    !/\.(fp16|bf16|non_ema)\./.test(p) &&
    !(isPipeline && !p.includes('/')); // the whole model again in one file
  const chosen = below.filter(({ path: p }) => isText.test(p) || isWeights(p));
  if (chosen.some(({ path: p }) => isWeights(p))) return chosen;
  const pickle = below.find(({ path: p }) => /\.(bin|pt|pth|ckpt|pkl|msgpack|h5)$/.test(p));
  if (pickle === undefined) {
    const where = subfolder === undefined ? '' : ` below ${subfolder}/`;
    throw new HubError(`${id}: expected safetensors weights${where}, found none. Is it a model?`);
  }
  throw new HubError(
    `${id}: expected safetensors weights, found only ${pickle.path}, which can run code when it is read, and is not. ` +
      "Look on the hub for a pull request that adds model.safetensors and pass its revision ('refs/pr/<n>'), or load " +
      'it in Python and save it again with save_pretrained(folder, safe_serialization=True).',
  );
}

/** The hub's refusals in terms of what to do. */
function explain(error: unknown, id: string, revision: string): never {
  const status =
    error instanceof HubApiError
      ? error.statusCode
      : error instanceof HubError
        ? error.status
        : undefined;
  const remedies: Record<number, string> = {
    401: 'It is private, gated or misspelt: set HF_TOKEN to a token that may read it.',
    403: `Your token may not read it: accept the model's conditions on https://huggingface.co/${id}.`,
    404: 'There is no such model or revision: check the spelling, or set HF_TOKEN if it is private.',
    429: 'The hub asks to wait: try again later, or set HF_TOKEN, which allows more.',
  };
  if (status === undefined) {
    if (error instanceof HubError || (error as Error).name === 'AbortError') throw error;
    throw new HubError(
      `${id} (${revision}): the hub could not be reached (${reasonOf(error)}). ` +
        'A later call goes on from what was downloaded.',
      undefined,
      error,
    );
  }
  const remedy = remedies[status] ?? 'The hub has trouble: try again later.';
  throw new HubError(`${id} (${revision}): the hub answered ${status}. ${remedy}`, status, error);
}

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
};
