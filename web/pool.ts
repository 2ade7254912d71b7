/** Workers that draw side by side: one from the start, more when several pictures are asked for at once; or one with another engine. */
import { ENGINE_TITLES, type EngineName, type GpuName } from './engines/engine';
import type { FromWorker, ModelFacts, ToWorker, Wish, WorkerEngine } from './messages';
import type { Parts } from './parts';

export interface Listener {
  step(message: FromWorker & { readonly kind: 'step' }): void;
  done(pixels: Float32Array): void;
  stopped(): void;
  note(text: string): void;
  failed(text: string): void;
}

/** More than this many gain little, and each holds the model anew. */
const MOST_WORKERS = 4;

interface Task {
  readonly id: number;
  readonly wish: Wish;
}

interface Member {
  readonly worker: Worker;
  readonly engine: EngineName;
  /** The picture that it draws. */
  busyWith: Task | null;
  isReady: boolean;
}

export class Pool {
  private readonly members: Member[] = [];
  private readonly waiting: Task[] = [];
  private readonly listeners = new Map<number, Listener>();
  private nextId = 1;
  private readonly most: number;
  /** What the pictures that are asked for are drawn with. */
  private engine: EngineName = 'wasm';

  /**
   * @param onFailure told when a worker cannot be had or ends by itself
   * @param onFallback told when an engine fails while it draws; WebAssembly goes on
   */
  constructor(
    private readonly parts: Parts,
    private readonly onFailure: (text: string) => void,
    private readonly onFallback: (engine: GpuName, text: string) => void,
  ) {
    this.most = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 1));
  }

  /** Starts a worker with an engine. @returns what the model says of itself, and how fast it is there */
  open(engine: EngineName): Promise<ModelFacts> {
    return new Promise((resolve, reject) => this.add(engine, resolve, reject));
  }

  /** Ends the workers of an engine that draws nothing. */
  close(engine: EngineName): void {
    for (const member of this.of(engine).filter(({ busyWith }) => !busyWith)) this.leave(member);
  }

  /** How many pictures are drawn at once, of so many. */
  workersFor(pictures: number, engine: EngineName): number {
    return engine === 'wasm' ? Math.min(this.most, pictures) : 1;
  }

  /** Draws pictures with an engine, as many at once as there are workers. */
  draw(engine: EngineName, wishes: readonly (readonly [Wish, Listener])[]): void {
    this.engine = engine;
    for (const [wish, listener] of wishes) {
      const id = this.nextId++;
      this.listeners.set(id, listener);
      this.waiting.push({ id, wish });
    }
    this.fill();
    this.handOut();
  }

  /** Ends what is being drawn, and drops what waits. */
  stop(): void {
    for (const { id } of this.waiting.splice(0)) this.end(id, (listener) => listener.stopped());
    for (const { worker, busyWith } of this.members) {
      if (busyWith) send(worker, { kind: 'stop', id: busyWith.id });
    }
  }

  private of(engine: EngineName): Member[] {
    return this.members.filter((member) => member.engine === engine);
  }

  private fill(): void {
    const wanted = this.workersFor(this.listeners.size, this.engine);
    while (this.of(this.engine).length < wanted) {
      // The first one goes on by itself where a further one cannot be had.
      const isStarted = this.add(
        this.engine,
        () => undefined,
        () => undefined,
      );
      if (!isStarted) return;
    }
  }

  /** @returns whether a worker has been started */
  private add(
    engine: EngineName,
    onReady: (facts: ModelFacts) => void,
    onFailed: (error: Error) => void,
  ): boolean {
    let worker: Worker;
    try {
      worker = this.parts.startWorker(engine);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const text = `The browser starts no worker (${why}). Close other pages, and load this one again.`;
      onFailed(new Error(text));
      this.failed(engine, text, null);
      return false;
    }
    const member: Member = { worker, engine, busyWith: null, isReady: false };
    this.members.push(member);
    const remove = (text: string) => {
      this.leave(member);
      onFailed(new Error(text));
      this.failed(engine, text, member.busyWith);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const what = event.message ? ` (${event.message})` : '';
      remove(
        engine === 'wasm'
          ? `The engine has stopped${what}. Load the page again.`
          : `${ENGINE_TITLES[engine]} has stopped${what}.`,
      );
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'ready') {
        member.isReady = true;
        onReady(data.facts);
        this.handOut();
      } else if (data.kind === 'failed' && (data.id === undefined || engine !== 'wasm'))
        remove(data.text);
      else this.heard(member, data as FromWorker & { readonly id: number });
    };
    send(worker, { kind: 'load', engine: this.engineOf(engine), model: this.parts.model });
    return true;
  }

  /** A worker is gone, or never was there: others go on, or nothing is drawn any more. */
  private failed(engine: EngineName, text: string, begun: Task | null): void {
    if (engine !== 'wasm') return this.fallBack(engine, text, begun);
    if (begun) this.end(begun.id, (listener) => listener.failed(text));
    if (this.of('wasm').length > 0) return this.handOut();
    for (const { id } of this.waiting.splice(0)) this.end(id, (listener) => listener.failed(text));
    this.onFailure(text);
  }

  private engineOf(name: EngineName): WorkerEngine {
    const { engine: binary, scriptOf } = this.parts;
    return name === 'wasm' ? { name, binary } : { name, script: scriptOf(name) };
  }

  private leave(member: Member): void {
    member.worker.terminate();
    this.members.splice(this.members.indexOf(member), 1);
  }

  /** An engine has failed: what it drew is begun anew by WebAssembly. */
  private fallBack(engine: GpuName, text: string, begun: Task | null): void {
    if (begun) this.waiting.unshift(begun);
    if (this.engine !== engine) return;
    this.engine = 'wasm';
    this.onFallback(engine, text);
    this.fill();
    this.handOut();
  }

  private heard(member: Member, message: FromWorker & { readonly id: number }): void {
    const { id } = message;
    const isEnd =
      message.kind === 'done' || message.kind === 'stopped' || message.kind === 'failed';
    if (isEnd) member.busyWith = null;
    if (message.kind === 'step') this.listeners.get(id)?.step(message);
    if (message.kind === 'note') this.listeners.get(id)?.note(message.text);
    if (message.kind === 'done') this.end(id, (listener) => listener.done(message.pixels));
    if (message.kind === 'stopped') this.end(id, (listener) => listener.stopped());
    if (message.kind === 'failed') this.end(id, (listener) => listener.failed(message.text));
    if (isEnd) this.handOut();
  }

  private end(id: number, tell: (listener: Listener) => void): void {
    const listener = this.listeners.get(id);
    this.listeners.delete(id);
    if (listener) tell(listener);
  }

  private handOut(): void {
    for (const member of this.of(this.engine)) {
      if (!member.isReady || member.busyWith !== null) continue;
      const next = this.waiting.shift();
      if (!next) return;
      member.busyWith = next;
      send(member.worker, { kind: 'draw', ...next });
    }
  }
}

const send = (worker: Worker, message: ToWorker) => worker.postMessage(message);
