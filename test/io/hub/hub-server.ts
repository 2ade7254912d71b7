/** A hub on this machine: its API as far as models are downloaded, with the failures of a real network. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = 'a'.repeat(40);

export type RepoFiles = Readonly<Record<string, Buffer>>;

export interface HubRepo {
  readonly files: RepoFiles;
  readonly token?: string;
  /** Revisions beside `main` and `refs/pr/1`, which are COMMIT. */
  readonly revisions?: Readonly<Record<string, { commit: string; files: RepoFiles }>>;
}

/** Told of each request before it is answered; returns true if it has answered itself. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
export const isLarge = (name: string) => /\.(safetensors|bin|parquet)$/.test(name);
export const checksum = (name: string, bytes: Buffer) =>
  isLarge(name) ? sha256(bytes) : gitSha1(bytes);

export class HubServer {
  readonly requests: {
    method: string;
    url: string;
    range: string | undefined;
    authorization: string | undefined;
  }[] = [];
  fault: Fault = () => false;
  /** Whether large files may be read from the middle. */
  ranges = true;
  /** What the listing says instead of the true checksum. */
  lie: string | undefined;
  private readonly hub: Server;
  private readonly storage: Server;

  constructor(private readonly repos: Readonly<Record<string, HubRepo>>) {
    this.hub = createServer((request, response) => this.answer(request, response, false));
    this.storage = createServer((request, response) => this.answer(request, response, true));
  }

  async start(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private static at(server: Server, host: string): string {
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  get endpoint(): string {
    return HubServer.at(this.hub, '127.0.0.1');
  }

  private answer(request: IncomingMessage, response: ServerResponse, isStorage: boolean): void {
    const { url = '', headers, method = '' } = request;
    this.requests.push({ method, url, range: headers.range, authorization: headers.authorization });
    if (this.fault(request, response)) return;
    const { pathname } = new URL(url, 'http://x');
    const [, api, id = '', rawRest = ''] =
      /^(\/api\/models|\/api\/datasets)?(?:\/datasets)?\/([\w-]+\/[\w-]+)(\/.*)?$/.exec(pathname) ??
      [];
    const repo = this.repos[id];
    const rest = decodeURIComponent(rawRest);
    if (!repo) return this.unknown(response, 'RepoNotFound', 'Repository not found');
    if (isStorage) return this.send(request, response, stored(repo, rest.slice(1)));
    if (repo.token !== undefined && headers.authorization !== `Bearer ${repo.token}`) {
      return json(response, headers.authorization ? 403 : 401, { error: 'Access is restricted' });
    }
    if (api && rest.startsWith('/revision/')) {
      const revision = rest.slice('/revision/'.length);
      const isMain = ['main', 'refs/pr/1', COMMIT].includes(revision);
      const sha = isMain ? COMMIT : repo.revisions?.[revision]?.commit;
      if (sha === undefined)
        return this.unknown(response, 'RevisionNotFound', `Invalid rev id: ${revision}`);
      return json(response, 200, { _id: '1', id, sha });
    }
    const [, kind, commit, name = ''] =
      /^\/(tree|resolve)\/([0-9a-f]{40})\/?(.*)$/.exec(rest) ?? [];
    const others = Object.values(repo.revisions ?? {});
    const files =
      commit === COMMIT ? repo.files : others.find((other) => other.commit === commit)?.files;
    if (api && kind === 'tree' && files) return json(response, 200, this.tree(files));
    const bytes = files?.[name];
    if (!bytes) return this.unknown(response, 'EntryNotFound', 'Entry not found');
    // What huggingface_hub asks for before it downloads.
    response.setHeader('x-repo-commit', commit!);
    if (!isLarge(name)) {
      response.setHeader('etag', `"${gitSha1(bytes)}"`);
      return this.send(request, response, bytes);
    }
    // Large files come from another host, as on the real hub.
    response.writeHead(302, {
      location: `${HubServer.at(this.storage, 'localhost')}/${id}/${name}`,
      'x-linked-etag': `"${sha256(bytes)}"`,
      'x-linked-size': String(bytes.length),
    });
    response.end();
  }

  private unknown(response: ServerResponse, code: string, error: string): void {
    json(response, 404, { error }, { 'x-error-code': code });
  }

  private tree(files: RepoFiles): object[] {
    return Object.entries(files).map(([path, bytes]) => {
      const entry = { type: 'file', path, size: bytes.length, oid: gitSha1(bytes) };
      const oid = this.lie ?? sha256(bytes);
      return isLarge(path)
        ? { ...entry, lfs: { oid, size: bytes.length, pointerSize: 130 } }
        : entry;
    });
  }

  private send(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isPart = start > 0 && this.ranges;
    const body = isPart ? bytes.subarray(start) : bytes;
    response.writeHead(isPart ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': body.length,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

const stored = ({ files, revisions }: HubRepo, name: string): Buffer =>
  [files, ...Object.values(revisions ?? {}).map((other) => other.files)].find((all) => all[name])?.[
    name
  ] ?? Buffer.alloc(0);

export function json(response: ServerResponse, status: number, value: object, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}
