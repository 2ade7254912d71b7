/** One file of the hub into its blob: resumed, tried again, checked. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { statSync, truncateSync, writeSync } from 'node:fs';
import { digestOfFile, sha256OfFile } from '../file-digest';

/** The hub refused, or what came is not what it promised. */
export class HubError extends Error {
  override readonly name = 'HubError';

  constructor(
    message: string,
    /** The HTTP status, if the hub answered. */
    readonly status?: number,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export interface BlobSource {
  readonly url: string;
  /** Named in messages. */
  readonly name: string;
  readonly size: number;
  /** SHA-256, or the SHA-1 of a git blob. */
  readonly checksum: string;
}

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the hub's first pause before a retry, in milliseconds; doubled each time. */
  readonly retryDelay: number;
  readonly maxRetries: number;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Statuses that may go away by themselves. */
const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

/** Seconds or a date; undefined if there is none. */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 300_000) : undefined;
}

/** `fetch` that waits and tries again where the hub is busy or does not answer. */
export function patientFetch(options: RequestOptions): typeof fetch {
  return async (input, init) => {
    for (let attempt = 0; ; attempt++) {
      let wait = options.retryDelay * 2 ** attempt;
      try {
        const response = await fetch(input, { ...init, signal: options.signal ?? null });
        if (!isPassing(response.status) || attempt >= options.maxRetries) return response;
        wait = retryAfter(response) ?? wait;
        await response.body?.cancel();
      } catch (error) {
        if (options.signal?.aborted || attempt >= options.maxRetries) throw error;
      }
      await pause(wait);
    }
  };
}

/**
 * Downloads a file. A broken download goes on where it broke, also in a later call; the file is there under its
 * name only when its checksum is right.
 *
 * @param onBytes told of each part, and first of what was there already
 * @throws HubError if the hub refuses, or the checksum is wrong (the broken file is then removed)
 */
export async function downloadBlob(
  source: BlobSource,
  blob: string,
  options: RequestOptions,
  onBytes: (count: number) => void,
): Promise<void> {
  const incomplete = `${blob}.incomplete`;
  const request = patientFetch(options);
  let told = 0;
  for (let attempt = 0; ; attempt++) {
    const have = existsSync(incomplete) ? statSync(incomplete).size : 0;
    if (have > source.size) truncateSync(incomplete, 0);
    const start = have > source.size ? 0 : have;
    onBytes(start - told);
    told = start;
    try {
      if (start < source.size || !existsSync(incomplete)) {
        await receive(source, incomplete, start, request, options, (count) => {
          told += count;
          onBytes(count);
        });
      }
      break;
    } catch (error) {
      const isFinal = error instanceof HubError || options.signal?.aborted;
      if (isFinal || attempt >= options.maxRetries) throw error;
      await pause(options.retryDelay * 2 ** attempt);
    }
  }
  const found = checksumOf(incomplete, source);
  if (found !== source.checksum) {
    rmSync(incomplete, { force: true });
    throw new HubError(
      `${source.name}: expected the checksum ${source.checksum}, found ${found}. ` +
        'The download was removed; try again.',
    );
  }
  renameSync(incomplete, blob);
}

async function receive(
  { url, name, size }: BlobSource,
  incomplete: string,
  start: number,
  request: typeof fetch,
  options: RequestOptions,
  onBytes: (count: number) => void,
): Promise<void> {
  const headers: Record<string, string> = start > 0 ? { Range: `bytes=${start}-` } : {};
  // fetch leaves it out when it is redirected to another host
  if (options.token !== undefined) headers['Authorization'] = `Bearer ${options.token}`;
  const response = await request(url, { headers });
  if (!response.ok)
    throw new HubError(`${name}: the hub answered ${response.status}.`, response.status);
  const isPart = response.status === 206;
  if (start > 0 && !isPart) {
    onBytes(-start); // it sends all of it again
    truncateSync(incomplete, 0);
  }
  const file = openSync(incomplete, 'a');
  let length = isPart ? start : 0;
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
      length += chunk.length;
      onBytes(chunk.length);
      if (length > size) throw new HubError(`${name}: expected ${size} bytes, the hub sends more.`);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (length < size)
    throw new Error(`${name}: the connection ended after ${length} of ${size} bytes`);
}

function checksumOf(file: string, { checksum, size }: BlobSource): string {
  if (checksum.length === 64) return sha256OfFile(file);
  return digestOfFile(file, createHash('sha1').update(`blob ${size}\0`)); // as git names a blob
}
