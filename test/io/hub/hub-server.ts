/** A hub on this machine: its API as far as models are downloaded, with the failures of a real network. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = 'a'.repeat(40);

export interface HubRepo {
  readonly files: Readonly<Record<string, Buffer>>;
  readonly token?: string;
}

/** Told of each request before it is answered; returns true if it has answered itself. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
export const isLarge = (name: string) => name.endsWith('.safetensors') || name.endsWith('.bin');
export const checksum = (name: string, bytes: Buffer) =>
  isLarge(name) ? sha256(bytes) : gitSha1(bytes);

export class HubServer {
  readonly requests: {
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
    const { url = '', headers } = request;
    this.requests.push({ url, range: headers.range, authorization: headers.authorization });
    if (this.fault(request, response)) return;
    const match = /^(?:\/api\/models)?\/([\w-]+\/[\w-]+)(\/.*)?$/.exec(
      new URL(url, 'http://x').pathname,
    );
    const repo = this.repos[match?.[1] ?? ''];
    const rest = decodeURIComponent(match?.[2] ?? '');
    if (!repo) return json(response, 404, { error: 'Repository not found' });
    if (isStorage)
      return this.send(request, response, repo.files[rest.slice(1)] ?? Buffer.alloc(0));
    if (repo.token !== undefined && headers.authorization !== `Bearer ${repo.token}`) {
      return json(response, headers.authorization ? 403 : 401, { error: 'Access is restricted' });
    }
    if (url.startsWith('/api/') && rest.startsWith('/revision/')) {
      const known = ['main', 'refs/pr/1', COMMIT].includes(rest.slice('/revision/'.length));
      if (!known) return json(response, 404, { error: 'Invalid rev id' });
      return json(response, 200, { _id: '1', id: match?.[1], sha: COMMIT });
    }
    if (url.startsWith('/api/') && rest.startsWith(`/tree/${COMMIT}`)) {
      return json(response, 200, this.tree(repo));
    }
    const name = new RegExp(`^/resolve/${COMMIT}/(.*)$`).exec(rest)?.[1] ?? '';
    const bytes = repo.files[name];
    if (!bytes) return json(response, 404, { error: 'Entry not found' });
    if (!isLarge(name)) return this.send(request, response, bytes);
    // Large files come from another host, as on the real hub.
    response.writeHead(302, {
      location: `${HubServer.at(this.storage, 'localhost')}/${match?.[1]}/${name}`,
    });
    response.end();
  }

  private tree(repo: HubRepo): object[] {
    return Object.entries(repo.files).map(([path, bytes]) => {
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
    response.writeHead(isPart ? 206 : 200, { 'content-type': 'application/octet-stream' });
    response.end(isPart ? bytes.subarray(start) : bytes);
  }
}

export function json(response: ServerResponse, status: number, value: object, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}
