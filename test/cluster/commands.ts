/** `npm run train` as an engine starts it: a command for each worker, with TF_CONFIG, in a process group of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../support/script';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it printed. */
  readonly text: string;
  /** When it ended, in milliseconds of `performance.now`. */
  readonly at: number;
}

export class TrainCommand {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private printed = '';

  /** @param on words before the command, such as those that run it on a host of a network */
  constructor(
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    on: readonly string[] = [],
  ) {
    const script = path.join(root, 'scripts', 'train.mjs');
    const [program, ...words] = [...on, process.execPath, script, ...argv];
    this.child = spawn(program!, words, {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const read = (data: Buffer) => (this.printed += data.toString());
    this.child.stdout!.on('data', read);
    this.child.stderr!.on('data', read);
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code, signal) =>
        resolve({ code, signal, text: this.printed, at: performance.now() }),
      ),
    );
  }

  /** What it has printed so far. */
  get text(): string {
    return this.printed;
  }

  /** To all processes of the command, as an engine that loses a machine does. */
  signalAll(signal: NodeJS.Signals): void {
    process.kill(-this.child.pid!, signal);
  }

  /** To the command alone. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/**
 * Starts a command for each address, each a worker.
 *
 * @param which of them; by default all
 * @param on words before each one's command
 */
export function startWorkers(
  addresses: readonly string[],
  argv: readonly string[],
  which: readonly number[] = addresses.map((_, i) => i),
  on: (index: number) => readonly string[] = () => [],
): TrainCommand[] {
  return which.map((index) => {
    const config = { cluster: { worker: addresses }, task: { type: 'worker', index } };
    return new TrainCommand(argv, { TF_CONFIG: JSON.stringify(config) }, on(index));
  });
}

/** Waits until something is so. @throws Error if it is not within ten minutes */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const start = performance.now(); !isSo();) {
    if (performance.now() - start > 600_000) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Steps that a run's folder says are done. */
export function stepsOf(folder: string): { step: number; loss: number }[] {
  const file = path.join(folder, 'history.jsonl');
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as { step: number; loss: number }];
    } catch {
      return []; // being written
    }
  });
}

/** A digest of everything in a checkpoint's folder that a training goes on with. */
export function weightsOf(checkpoint: string): string {
  const hash = createHash('sha256');
  const files = fs.readdirSync(checkpoint, { recursive: true }) as string[];
  for (const file of files.filter((name) => name.endsWith('.safetensors')).sort()) {
    hash.update(file).update(fs.readFileSync(path.join(checkpoint, file)));
  }
  return hash.digest('hex');
}
