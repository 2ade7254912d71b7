/** What the hub says of a repository: which commit a revision is, and which files that has. */
import { datasetInfo, HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { isCommit, type RepoFolders, type RepoType } from './cache';
import { patientFetch, type RequestOptions } from './download';
import { HubError } from './errors';
import { checkRepoPath } from './names';
import { readTree, SHA1, SHA256, type RepoFile } from './tree';

/** What the hub says of a revision. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly RepoFile[];
}

/**
 * What the hub says of a revision; it is not asked for what never changes and is in the cache.
 *
 * @throws what `explain` explains
 */
export async function listingOf(
  id: string,
  revision: string,
  folders: RepoFolders,
  request: RequestOptions,
  type: RepoType = 'model',
): Promise<Listing> {
  const commit = isCommit(revision) ? revision : await commitOf(id, revision, request, type);
  const files = readTree(folders.root, commit) ?? (await filesOf(id, commit, request, type));
  return { commit, files };
}

/**
 * The commit that a revision is.
 *
 * @throws HubError if the model has no such revision; else what `explain` explains
 */
async function commitOf(
  id: string,
  revision: string,
  request: RequestOptions,
  type: RepoType,
): Promise<string> {
  const patient = patientFetch(request);
  let errorCode: string | null = null;
  const fetch: typeof patient = async (input, init) => {
    const response = await patient(input, init);
    errorCode = response.headers.get('x-error-code');
    return response;
  };
  const common = { hubUrl: request.endpoint, fetch };
  const asked = { name: id, revision, additionalFields: ['sha' as const], ...common };
  const answer = type === 'model' ? modelInfo(asked) : datasetInfo(asked);
  const info = await answer.catch((error: unknown) => {
    const isUnknown = errorCode === 'RevisionNotFound' || /invalid rev/i.test(String(error));
    if (!(error instanceof HubApiError) || error.statusCode !== 404 || !isUnknown) throw error;
    throw new HubError(
      `${id} (${revision}): the hub answered 404. It has the ${NAMES[type]}, but no such branch, tag or commit: ` +
        'check the revision.',
      404,
      error,
    );
  });
  const commit = String(info.sha);
  if (!isCommit(commit)) throw new HubError(`${id}: the hub names no commit.`);
  return commit;
}

/**
 * The files of a commit.
 *
 * @throws what `explain` explains; HubNameError for a file that would leave the snapshot
 */
async function filesOf(
  id: string,
  commit: string,
  request: RequestOptions,
  type: RepoType,
): Promise<RepoFile[]> {
  const common = { hubUrl: request.endpoint, fetch: patientFetch(request) };
  const files: RepoFile[] = [];
  const repo = { type, name: id };
  for await (const entry of listFiles({ repo, revision: commit, recursive: true, ...common })) {
    if (entry.type !== 'file') continue;
    checkRepoPath(entry.path);
    const sha256 = entry.lfs?.oid;
    const blobId = entry.oid ?? '';
    const isNamed = sha256 ? SHA256.test(sha256) : SHA1.test(blobId);
    if (!isNamed) throw new HubError(`${id}/${entry.path}: the hub gives no checksum.`);
    files.push({
      path: entry.path,
      size: entry.lfs?.size ?? entry.size,
      blobId,
      ...(sha256 && { sha256 }),
      ...(entry.xetHash && { xetHash: entry.xetHash }),
    });
  }
  return files;
}

/** An error that says itself what to do; the file system's, among others. */
const isSaid = (error: Error) =>
  /^Hub(Name)?Error$|^AbortError$/.test(error.name) || 'syscall' in error;

/** Whether an error means that the hub was not reached, or did not give the model: another time it may. */
export const isOfHub = (error: unknown): boolean => error instanceof Error && !isSaid(error);

/** What went wrong, in terms of what to do; what is said already stays as it is. */
export function explain(
  error: unknown,
  id: string,
  revision: string,
  type: RepoType = 'model',
): Error {
  const what = `${id} (${revision})`;
  const { message, cause } = error as Error;
  const status =
    error instanceof HubApiError
      ? error.statusCode
      : error instanceof HubError
        ? error.status
        : undefined;
  if (status !== undefined) {
    const remedy = remedies(id, type)[status] ?? 'The hub has trouble: try again later.';
    return new HubError(`${what}: the hub answered ${status}. ${remedy}`, status, error);
  }
  if (isSaid(error as Error)) return error as Error;
  const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return new HubError(
    `${what}: the hub could not be reached (${reason}). A later call goes on from what was downloaded.`,
    undefined,
    error,
  );
}

/** Where the hub has a repository, below its address. */
export const repoPath = (id: string, type: RepoType): string =>
  type === 'model' ? id : `datasets/${id}`;

const NAMES: Readonly<Record<RepoType, string>> = { model: 'model', dataset: 'data set' };

const remedies = (id: string, type: RepoType): Record<number, string> => ({
  401: 'It is private, gated or misspelt: set HF_TOKEN to a token that may read it.',
  403: `Your token may not read it: accept the ${NAMES[type]}'s conditions on https://huggingface.co/${repoPath(id, type)}.`,
  404: `There is no such ${NAMES[type]} or revision: check the spelling, or set HF_TOKEN if it is private.`,
  429: 'The hub asks to wait: try again later, or set HF_TOKEN, which allows more.',
});
