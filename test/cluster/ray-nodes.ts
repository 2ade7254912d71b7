/** A Ray of two nodes on this machine, and commands that use it; where `npm run setup -- --with cluster` has installed it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../support/script';

export const python = path.join(root, '.venv-cluster', 'bin', 'python');
export const hasRay = existsSync(path.join(root, '.venv-cluster', 'bin', 'ray'));
export const script = (name: string): string => path.join(root, 'scripts', 'ray', name);

/** Runs a command to its end: exit code, and all it has said. */
export async function run(argv: readonly string[], onText: (text: string) => void = () => {}) {
  const child = spawn(python, argv, { cwd: root });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      said += data.toString();
      onText(said);
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, said };
}

/** Two nodes of one CPU each. */
export class RayNodes {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly address: string,
  ) {}

  static async start(): Promise<RayNodes> {
    const child = spawn(python, [path.join(__dirname, 'ray_nodes.py')], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4000)));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error(`Ray's nodes ended before they had an address:\n${said}`);
    return new RayNodes(child, lines, first.value);
  }

  /** `kill` ends the second node as a machine that is gone, `add` starts another one. */
  async tell(what: 'kill' | 'add'): Promise<void> {
    this.child.stdin!.write(`${what}\n`);
    await this.lines.next();
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.stdin!.end();
    await once(this.child, 'exit');
  }
}
