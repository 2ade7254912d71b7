/**
 * Which engine draws. WebAssembly does from the start; the others are tried when the page has nothing to do, and one is taken if a
 * step takes it less time here and its numbers are those of WebAssembly. Their names say nothing: on a small model a graphics
 * processor is often slower, and some compute with half the digits.
 */
import { ENGINE_TITLES, GPU_NAMES, type EngineName, type GpuName } from './engines/engine';
import type { ModelFacts } from './messages';
import type { Pool } from './pool';

/** Numbers of another engine are equal to this, of 0 to 1. */
const TOLERANCE = 2e-3;
/** So long the page has nothing to do before an engine is tried; and so long one may take to begin. */
const IDLE = 1500;
const MOST_TRIAL = 120_000;

export type Wanted = 'auto' | EngineName;

const isGpu = (name: Wanted): name is GpuName => (GPU_NAMES as readonly string[]).includes(name);

export class EngineChoice {
  private wanted: Wanted = 'auto';
  /** Milliseconds of a step, or why it cannot be used. */
  private readonly found = new Map<GpuName, number | string>();
  /** The one that stays open. */
  private kept: GpuName | null = null;
  private trying: GpuName | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private late: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly facts: ModelFacts,
    private readonly say: (text: string) => void,
  ) {}

  /** What draws so many pictures: the fastest that is open, or what was asked for. */
  for(pictures: number): EngineName {
    const { kept, pool, facts, wanted } = this;
    if (kept === null || wanted === 'wasm') return 'wasm';
    const byWasm = facts.millisecondsPerStep / pool.workersFor(pictures, 'wasm');
    return wanted === kept || this.timeOf(kept) < byWasm ? kept : 'wasm';
  }

  timeOf(engine: EngineName): number {
    const time = engine === 'wasm' ? this.facts.millisecondsPerStep : this.found.get(engine);
    return typeof time === 'number' ? time : Infinity;
  }

  choose(wanted: Wanted): void {
    this.pause();
    this.wanted = wanted;
    // Who asks for an engine wants to know anew whether it is there.
    if (isGpu(wanted) && wanted !== this.kept) this.found.delete(wanted);
    if (wanted === 'auto') this.chooseAnew();
    this.resume(0);
  }

  /** What is open is closed if it is too slow; what is faster, and was closed, is opened again. */
  private chooseAnew(): void {
    const best = () => Math.min(this.timeOf('wasm'), this.kept ? this.timeOf(this.kept) : Infinity);
    if (this.kept && this.timeOf(this.kept) >= this.timeOf('wasm')) this.drop();
    for (const name of GPU_NAMES) {
      if (name !== this.kept && this.timeOf(name) < best()) this.found.delete(name);
    }
  }

  /** The page has nothing to do. */
  resume(after = IDLE): void {
    clearTimeout(this.timer);
    const { wanted } = this;
    const names = wanted === 'auto' ? GPU_NAMES : GPU_NAMES.filter((name) => name === wanted);
    const next = names.find((name) => !this.found.has(name));
    this.tell();
    if (next) this.timer = setTimeout(() => void this.try(next), after);
  }

  /** The page is to draw: what is tried is ended, and tried again later. */
  pause(): void {
    clearTimeout(this.timer);
    clearTimeout(this.late);
    if (this.trying) this.pool.close(this.trying);
    this.trying = null;
  }

  /** An engine has failed while it drew. */
  lost(engine: GpuName, text: string): void {
    this.found.set(engine, text);
    if (this.kept === engine) this.kept = null;
    this.tell();
  }

  private async try(name: GpuName): Promise<void> {
    this.trying = name;
    this.tell();
    this.late = setTimeout(() => this.ended(name, 'too slow'), MOST_TRIAL);
    try {
      const facts = await this.pool.open(name);
      const { trial } = this.facts;
      const isSame = facts.trial.every((x, i) => Math.abs(x - trial[i]!) <= TOLERANCE);
      this.ended(name, isSame ? facts.millisecondsPerStep : 'not exact enough');
    } catch (error) {
      console.info(ENGINE_TITLES[name], error);
      this.ended(name, 'not there');
    }
  }

  private ended(name: GpuName, result: number | string): void {
    if (this.trying !== name) return;
    this.trying = null;
    clearTimeout(this.late);
    this.found.set(name, result);
    const { kept, wanted } = this;
    const best = Math.min(this.timeOf('wasm'), kept ? this.timeOf(kept) : Infinity);
    if (typeof result === 'number' && (wanted === name || result < best)) {
      this.drop();
      this.kept = name;
    } else this.pool.close(name);
    this.resume();
  }

  private drop(): void {
    if (this.kept === null) return;
    this.pool.close(this.kept);
    this.kept = null;
  }

  private tell(): void {
    const now = this.for(1);
    const shown = ([name, result]: readonly [EngineName, number | string]) =>
      `${ENGINE_TITLES[name]}: ${typeof result === 'number' ? `${Math.round(result)} ms a step` : result}`;
    const others = [['wasm', this.timeOf('wasm')] as const, ...this.found]
      .filter(([name]) => name !== now)
      .map(shown);
    const trying = this.trying ? [`${ENGINE_TITLES[this.trying]} is being tried`] : [];
    const rest = [...others, ...trying];
    this.say(`${shown([now, this.timeOf(now)])}${rest.length > 0 ? ` (${rest.join('; ')})` : ''}`);
  }
}
