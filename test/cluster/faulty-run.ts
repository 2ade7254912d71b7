/** A run of two workers that is broken in one way or another, started again each time, and looked at. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { latestCheckpoint } from '../../lib/training/checkpoints';
import { startWorkers, stepsOf, until, type Ended, type TrainCommand } from './commands';
import type { Network } from './network';
import { freePorts } from './workers';

/** What a fault has left. */
export interface Aftermath {
  readonly fault: FaultName;
  /** The workers that were not killed themselves, in words: `code 75 after 4 s: …`. */
  readonly survivors: readonly Ended[];
  /** Seconds from the fault to the end of the last one. */
  readonly seconds: number;
  /** Whether the newest checkpoint before the fault, or a newer one, is there and sound. */
  readonly hasCheckpoint: boolean;
}

type Break = (run: FaultyRun) => Promise<{ since: number; survivors: readonly TrainCommand[] }>;

/** What happens to one of two workers; who is then named, and how, is in `NAMED`. */
const FAULTS = {
  killed: async (run) => {
    const [chief, worker] = await run.startInStep();
    const since = performance.now();
    worker!.signalAll('SIGKILL');
    return { since, survivors: [chief!] };
  },
  stopped: async (run) => {
    const [chief, worker] = await run.startInStep();
    const since = performance.now();
    worker!.signalAll('SIGSTOP');
    await chief!.ended;
    worker!.signalAll('SIGKILL');
    return { since, survivors: [chief!] };
  },
  missing: async (run) => {
    const since = performance.now();
    return { since, survivors: await run.start([0]) };
  },
  'chief saving': async (run) => {
    const before = run.staged();
    const [chief, worker] = await run.start();
    await until(() => run.staged().some((name) => !before.includes(name)), 'a save has begun');
    await sleep(run.random() * 50);
    const since = performance.now();
    chief!.signalAll('SIGKILL');
    return { since, survivors: [worker!] };
  },
  cut: async (run) => {
    const workers = await run.startInStep();
    const since = performance.now();
    run.network!.connect(1, false);
    await Promise.all(workers.map(({ ended }) => ended));
    await sleep(Math.max(0, run.cutSeconds * 1000 - (performance.now() - since)));
    run.network!.connect(1, true);
    return { since, survivors: workers };
  },
} as const satisfies Record<string, Break>;

export type FaultName = keyof typeof FAULTS;

/** What the others say, whoever is asked. */
export const NAMED: Record<FaultName, RegExp> = {
  killed: /worker 1 of 2 \([\d.]+:\d+\)/,
  stopped: /worker 1 of 2 .*: no answer, without an answer for \d+ s/,
  missing: /worker 1 of 2 .*: never came \(ECONNREFUSED\)/,
  'chief saving': /worker 0 of 2 \([\d.]+:\d+\)/,
  cut: /worker [01] of 2 .*, without an answer for \d+ s/,
};

export interface FaultyRunOptions {
  readonly folder: string;
  readonly steps: number;
  /** Seconds of `--worker-timeout`. */
  readonly timeout: number;
  /** Where its workers have a host each; null for this machine's loopback. */
  readonly network: Network | null;
  /** Seconds that the network is away at least. */
  readonly cutSeconds?: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export class FaultyRun {
  readonly folder: string;
  readonly network: Network | null;
  readonly cutSeconds: number;
  readonly random: () => number;

  constructor(private readonly options: FaultyRunOptions) {
    this.folder = options.folder;
    this.network = options.network;
    this.cutSeconds = options.cutSeconds ?? 0;
    this.random = options.random;
  }

  /** Starts both workers, or some. */
  async start(which: readonly number[] = [0, 1]): Promise<TrainCommand[]> {
    const { steps, timeout, network } = this.options;
    const hosts = network?.addresses ?? ['127.0.0.1', '127.0.0.1'];
    const ports = network ? [2222, 2222] : await freePorts(2);
    const argv = [
      ...['--recipe', 'blog', '--set', 'trainer.batchSize=4', '--save-every', '2'],
      ...['--steps', String(steps), '--worker-timeout', String(timeout), '--output', this.folder],
    ];
    const addresses = hosts.map((host, i) => `${host}:${ports[i]!}`);
    return startWorkers(addresses, argv, which, (index) => network?.on(index) ?? []);
  }

  /** Starts both, and waits until they are in one of the first steps. */
  async startInStep(): Promise<TrainCommand[]> {
    const before = stepsOf(this.folder).length;
    const workers = await this.start();
    const more = 1 + Math.floor(this.random() * 3);
    await until(() => stepsOf(this.folder).length >= before + more, `${more} steps more are done`);
    await sleep(this.random() * 300);
    return workers;
  }

  /** Breaks it once; afterwards no worker is left. */
  async break(fault: FaultName): Promise<Aftermath> {
    const before = this.newest();
    const { since, survivors } = await FAULTS[fault](this);
    const ended = await Promise.all(survivors.map((worker) => worker.ended));
    const seconds = (Math.max(...ended.map(({ at }) => at)) - since) / 1000;
    return { fault, survivors: ended, seconds, hasCheckpoint: this.newest() >= before };
  }

  /** Goes on to the last step. */
  async finish(): Promise<Ended[]> {
    const workers = await this.start();
    return Promise.all(workers.map(({ ended }) => ended));
  }

  /** Saves that are going on, or were when their process ended. */
  staged(): string[] {
    if (!fs.existsSync(this.folder)) return [];
    return fs.readdirSync(this.folder).filter((name) => name.startsWith('.tmp-checkpoint-'));
  }

  /** The step of the newest sound checkpoint; -1 if one is damaged. */
  private newest(): number {
    let isDamaged = false;
    const folder = latestCheckpoint(this.folder, { onWarning: () => (isDamaged = true) });
    if (isDamaged) return -1;
    return folder === null ? 0 : Number(path.basename(folder).replace('checkpoint-', ''));
  }

  /** Losses by step: of a step that was done twice, the later one's. */
  losses(): Record<number, number> {
    return Object.fromEntries(stepsOf(this.folder).map(({ step, loss }) => [step, loss]));
  }
}
