/**
 * The cache of the Hugging Face hub, shared with Python: `models--<owner>--<name>` folders with `blobs` (named by their
 * checksum), `snapshots/<commit>` (links to blobs) and `refs` (names of commits).
 */
import { getHFHubCachePath } from '@huggingface/hub';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { writeFileAtomically } from '../atomic-write';

/** A model id or revision that is none. */
export class HubNameError extends Error {
  override readonly name = 'HubNameError';
}

const PART = /^(?![.-])[A-Za-z0-9._-]{1,96}(?<![.-])$/;

/** Whether a text has the form of a model id: `name` or `owner/name`, as huggingface_hub checks it. */
export function isModelId(id: string): boolean {
  const parts = id.split('/');
  const isPlain = parts.length <= 2 && parts.every((part) => PART.test(part));
  return isPlain && id.length <= 96 && !/--|\.\./.test(id) && !id.endsWith('.git');
}

/** @throws HubNameError saying what a model id is */
export function checkModelId(id: string): void {
  if (typeof id === 'string' && isModelId(id)) return;
  throw new HubNameError(
    `expected a model id like 'openai/clip-vit-base-patch32' (letters, digits, '-', '_', '.'; at most 96), ` +
      `got ${JSON.stringify(String(id).slice(0, 100))}.`,
  );
}

/** @throws HubNameError unless it is a branch, tag or commit that cannot leave its folder */
export function checkRevision(revision: string): void {
  const parts = revision.split('/');
  if (parts.every((part) => /^(?!\.)[A-Za-z0-9._-]{1,100}$/.test(part)) && !/\.\./.test(revision)) {
    return;
  }
  throw new HubNameError(
    `expected a revision like 'main', a tag, a commit or 'refs/pr/1', got ${JSON.stringify(revision.slice(0, 100))}.`,
  );
}

/**
 * A path inside a repository, as the hub lists it.
 *
 * @throws HubNameError if it would leave the folder it is joined to
 */
export function checkRepoPath(file: string): void {
  const parts = file.split('/');
  const isSafe = parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && !/[\\:\p{Cc}]/u.test(part),
  );
  if (isSafe && file.length <= 500) return;
  throw new HubNameError(
    `expected a file's path inside the repository, got ${JSON.stringify(file.slice(0, 100))}.`,
  );
}

/** HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub. */
export function hubCacheFolder(): string {
  return getHFHubCachePath();
}

/** HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or what `hf auth login` stored. */
export function hubToken(): string | undefined {
  const given = process.env['HF_TOKEN'] ?? process.env['HUGGING_FACE_HUB_TOKEN'];
  if (given) return given.trim();
  const home = process.env['HF_HOME'] ?? path.join(homedir(), '.cache', 'huggingface');
  const file = process.env['HF_TOKEN_PATH'] ?? path.join(home, 'token');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
}

/** HF_HUB_OFFLINE as huggingface_hub reads it. */
export function hubIsOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env['HF_HUB_OFFLINE'] ?? '');
}

/** The folders of a repository in the cache. */
export function repoFolders(cache: string, id: string) {
  const root = path.join(cache, `models--${id.replace('/', '--')}`);
  return {
    root,
    blobs: path.join(root, 'blobs'),
    snapshot: (commit: string) => path.join(root, 'snapshots', commit),
    ref: (revision: string) => path.join(root, 'refs', ...revision.split('/')),
  };
}

const isCommit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);

/** The snapshot that the cache has of a revision, or null. Nothing is asked of the network. */
export function cachedSnapshot(
  id: string,
  { revision = 'main', cache = hubCacheFolder() }: { revision?: string; cache?: string } = {},
): string | null {
  checkModelId(id);
  checkRevision(revision);
  const folders = repoFolders(cache, id);
  const ref = folders.ref(revision);
  const named = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : undefined;
  const commit = isCommit(revision) ? revision : named;
  if (commit === undefined || !isCommit(commit)) return null;
  const snapshot = folders.snapshot(commit);
  return existsSync(snapshot) ? snapshot : null;
}

/** Notes which commit a revision is. */
export function writeRef(
  folders: ReturnType<typeof repoFolders>,
  revision: string,
  commit: string,
) {
  if (revision === commit) return;
  const ref = folders.ref(revision);
  mkdirSync(path.dirname(ref), { recursive: true });
  writeFileAtomically(ref, [commit]);
}

/** Links a snapshot's file to its blob, relatively, as Python does. */
export function linkBlob(pointer: string, blob: string): void {
  mkdirSync(path.dirname(pointer), { recursive: true });
  const target = path.relative(path.dirname(pointer), blob);
  try {
    if (readlinkSync(pointer) === target) return;
  } catch {
    // none yet
  }
  rmSync(pointer, { force: true });
  symlinkSync(target, pointer);
}
