/** What can go wrong between here and the hub. */

/** The hub refused, or what came is not what it promised. */
export class HubError extends Error {
  override readonly name: string = 'HubError';

  constructor(
    message: string,
    /** The HTTP status, if the hub answered. */
    readonly status?: number,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

const MOST_NAMED = 10;

/** Of a snapshot in the cache files are missing, and the hub was not asked or could not be reached. */
export class IncompleteSnapshotError extends HubError {
  override readonly name = 'IncompleteSnapshotError';

  constructor(
    /** Model and revision, for the message. */
    what: string,
    /** What is there of the snapshot. */
    readonly snapshotPath: string,
    /** Paths inside the repository. */
    readonly missing: readonly string[],
    /** Why the hub does not help, and what to do; whole sentences. */
    why: string,
    { status, cause }: { readonly status?: number | undefined; readonly cause?: unknown } = {},
  ) {
    const named = missing.slice(0, MOST_NAMED).join(', ');
    const more = missing.length > MOST_NAMED ? `, … and ${missing.length - MOST_NAMED} more` : '';
    const files =
      missing.length === 1 ? '1 file is missing' : `${missing.length} files are missing`;
    super(
      `${what}: the cached snapshot ${snapshotPath} is incomplete: ${files} (${named}${more}). ${why}`,
      status,
      cause,
    );
  }
}
