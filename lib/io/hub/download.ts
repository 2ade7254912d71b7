/** One file of the hub into its blob: resumed, tried again, checked. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { statSync, truncateSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { digestOfFile, sha256OfFile } from '../file-digest';
import { HubError } from './errors';

export interface BlobSource {
  readonly url: string;
  /** Named in messages. */
  readonly name: string;
  readonly size: number;
  /** SHA-256, or the SHA-1 of a git blob. */
  readonly checksum: string;
}

export interface RequestOptions {
  /** The hub's address, without a slash at the end. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the hub's first pause before a retry, in milliseconds; doubled each time. */
  readonly retryDelay: number;
  readonly maxRetries: number;
  /** How long an answer may take to begin, in seconds. */
  readonly etagTimeout: number;
  /** How long a download may pause, in seconds. */
  readonly downloadTimeout: number;
}

/** Aborts what runs under its signal when nothing was heard for some seconds. */
class Watchdog {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limit: number,
    private readonly variable: string,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The time counts from here. */
  heard(): void {
    clearTimeout(this.timer);
    const message = `nothing came for ${this.limit} s; ${this.variable} sets how long to wait`;
    this.timer = setTimeout(() => this.controller.abort(new Error(message)), this.limit * 1000);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

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

const withoutNulls = (signals: readonly (AbortSignal | null | undefined)[]) =>
  signals.filter((signal) => signal != null);

/** `fetch` with the hub's token that waits and tries again where the hub is busy or does not answer. */
export function patientFetch(options: RequestOptions): typeof fetch {
  const { signal, token, endpoint, maxRetries } = options;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    // fetch leaves it out when it is redirected to another host
    if (token !== undefined && url.origin === new URL(endpoint).origin) {
      headers.set('Authorization', `Bearer ${token}`);
    }
    for (let attempt = 0; ; attempt++) {
      let wait = options.retryDelay * 2 ** attempt;
      const answer = new Watchdog(options.etagTimeout, 'HF_HUB_ETAG_TIMEOUT');
      answer.heard();
      try {
        const signals = withoutNulls([signal, init?.signal, answer.signal]);
        const response = await fetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
        if (!isPassing(response.status) || attempt >= maxRetries) return response;
        wait = retryAfter(response) ?? wait;
        await response.body?.cancel();
      } catch (error) {
        if (signal?.aborted || attempt >= maxRetries) throw error;
      } finally {
        answer.stop();
      }
      await pause(wait, undefined, { signal });
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
      // A full disk is no fault of the network.
      const isOwn = error instanceof HubError || 'syscall' in (error as Error);
      const isFinal = isOwn || options.signal?.aborted;
      if (isFinal || attempt >= options.maxRetries) throw error;
      await pause(options.retryDelay * 2 ** attempt, undefined, { signal: options.signal });
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
  const flow = new Watchdog(options.downloadTimeout, 'HF_HUB_DOWNLOAD_TIMEOUT');
  let file: number | undefined;
  try {
    const response = await request(url, { headers, signal: flow.signal });
    if (!response.ok)
      throw new HubError(`${name}: the hub answered ${response.status}.`, response.status);
    flow.heard();
    const isPart = response.status === 206;
    if (start > 0 && !isPart) {
      onBytes(-start); // it sends all of it again
      truncateSync(incomplete, 0);
    }
    file = openSync(incomplete, 'a');
    let length = isPart ? start : 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      flow.heard();
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
      length += chunk.length;
      onBytes(chunk.length);
      if (length > size) throw new HubError(`${name}: expected ${size} bytes, the hub sends more.`);
    }
    fsyncSync(file);
    if (length < size)
      throw new Error(`${name}: the connection ended after ${length} of ${size} bytes`);
  } finally {
    flow.stop();
    if (file !== undefined) closeSync(file);
  }
}

function checksumOf(file: string, { checksum, size }: BlobSource): string {
  if (checksum.length === 64) return sha256OfFile(file);
  return digestOfFile(file, createHash('sha1').update(`blob ${size}\0`)); // as git names a blob
}
