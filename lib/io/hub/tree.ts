/**
 * The list of a commit's files, kept beside the snapshots as `trees/<commit>.json` in huggingface_hub's format: it
 * tells which files of a snapshot are missing without asking the hub, and a commit's list never changes.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../atomic-write';
import { checkRepoPath } from './names';

/** A file of a repository, as the hub lists it. */
export interface RepoFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** SHA-1 of the git blob; for a large file that of its pointer, or ''. */
  readonly blobId: string;
  /** Of a large file: the SHA-256. */
  readonly sha256?: string;
  readonly xetHash?: string;
}

/** huggingface_hub's `TreeCacheEntry` as it lies in the file. */
interface TreeEntry {
  readonly size: number;
  readonly blob_id: string;
  readonly lfs_sha256?: string;
  readonly lfs_size?: number;
  readonly xet_hash?: string;
}

const FORMAT_VERSION = 1;
/** What a blob is named by: git's hash, or of a large file its own. */
export const SHA1 = /^[0-9a-f]{40}$/;
export const SHA256 = /^[0-9a-f]{64}$/;

/** What a file's blob is named by, and checked with. */
export const checksumOf = ({ sha256, blobId }: RepoFile): string => sha256 ?? blobId;

const treeFile = (repo: string, commit: string) => path.join(repo, 'trees', `${commit}.json`);

function fromEntry([name, entry]: [string, TreeEntry]): RepoFile {
  checkRepoPath(name);
  const { blob_id: blobId, lfs_sha256: sha256, xet_hash: xetHash } = entry;
  const size = entry.lfs_size ?? entry.size;
  const isSound = SHA1.test(blobId) && Number.isSafeInteger(size) && size >= 0;
  if (!isSound || (sha256 !== undefined && !SHA256.test(sha256))) throw new TypeError(name);
  return { path: name, size, blobId, ...(sha256 && { sha256 }), ...(xetHash && { xetHash }) };
}

/**
 * The kept list of a commit's files.
 *
 * @param repo the repository's folder in the cache
 * @returns undefined if there is none, or none that can be trusted
 */
export function readTree(repo: string, commit: string): RepoFile[] | undefined {
  try {
    const json = JSON.parse(readFileSync(treeFile(repo, commit), 'utf8')) as {
      format_version?: unknown;
      files: Record<string, TreeEntry>;
    };
    if (json.format_version !== FORMAT_VERSION) return undefined;
    return Object.entries(json.files).map(fromEntry);
  } catch {
    return undefined; // the hub can be asked again
  }
}

/** Keeps a commit's list, where the cache can be written to. */
export function writeTree(repo: string, commit: string, files: readonly RepoFile[]): void {
  if (!files.every(({ blobId }) => SHA1.test(blobId))) return; // Python could not read it
  const entries = files.map(({ path: name, size, blobId, sha256, xetHash }) => {
    const large = sha256 === undefined ? {} : { lfs_sha256: sha256, lfs_size: size };
    const xet = xetHash !== undefined && SHA256.test(xetHash) ? { xet_hash: xetHash } : {};
    return [name, { size, blob_id: blobId, ...large, ...xet } satisfies TreeEntry] as const;
  });
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const json = { format_version: FORMAT_VERSION, files: Object.fromEntries(entries) };
  try {
    const file = treeFile(repo, commit);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileAtomically(file, [JSON.stringify(json, null, 1)]);
  } catch {
    // Without it the hub is asked the next time.
  }
}
