/** Names that become paths or addresses: model ids, revisions, files and folders of a repository. */

/** A model id, revision, folder or file name that is none. */
export class HubNameError extends Error {
  override readonly name = 'HubNameError';
}

/** A text as it is shown in a message. */
const shown = (text: unknown) => JSON.stringify(String(text).slice(0, 100));

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
      `got ${shown(id)}.`,
  );
}

/** Bytes that a file's name may have, less what a temporary file beside it adds. */
const MAX_PART = 200;

/**
 * Whether git allows a text as the name of a branch or tag (`git check-ref-format --branch`), so that every revision
 * that a repository can have is taken, and none leaves the folder that its name is joined to.
 */
function isRevision(revision: string): boolean {
  // Spaces, control characters and ~^:?*[\ nowhere; half of a surrogate pair is no text.
  if (/[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\p{Cs}/u.test(revision)) return false;
  if (revision === '@' || revision.startsWith('-') || revision.endsWith('.')) return false;
  return revision.split('/').every((part) => {
    const isLong = Buffer.byteLength(part) > MAX_PART;
    return part !== '' && !isLong && !part.startsWith('.') && !part.endsWith('.lock');
  });
}

/** @throws HubNameError unless git allows it as the name of a branch or tag, as it does a commit and `refs/pr/1` */
export function checkRevision(revision: string): void {
  if (typeof revision === 'string' && isRevision(revision)) return;
  throw new HubNameError(
    `expected a revision like 'main', a tag, a commit or 'refs/pr/1' that git allows as a name, got ${shown(revision)}.`,
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
  throw new HubNameError(`expected a file's path inside the repository, got ${shown(file)}.`);
}

/**
 * A folder of a repository as it is written in paths: slashes at the ends or doubled and `.` mean nothing.
 *
 * @returns without a slash at the ends; '' for the whole repository
 * @throws HubNameError if it would leave the repository
 */
export function repoFolder(subfolder = ''): string {
  const parts = subfolder.split('/').filter((part) => part !== '' && part !== '.');
  const folder = parts.join('/');
  if (folder !== '') checkRepoPath(folder);
  return folder;
}
