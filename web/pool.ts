/** Workers that draw side by side: one from the start, more when several pictures are asked for at once. */
import type { ModelFileMap } from '../lib/web/model-files';
import type { FromWorker, ModelFacts, ToWorker, Wish } from './messages';

export interface Listener {
  step(message: FromWorker & { readonly kind: 'step' }): void;
  done(pixels: Float32Array): void;
  stopped(): void;
  note(text: string): void;
  failed(text: string): void;
}

/** More than this many gain little, and each holds the model anew. */
const MOST_WORKERS = 4;

interface Member {
  readonly worker: Worker;
  /** The picture that it draws. */
  busyWith: number | null;
  isReady: boolean;
}

export class Pool {
  private readonly members: Member[] = [];
  private readonly waiting: { readonly id: number; readonly wish: Wish }[] = [];
  private readonly listeners = new Map<number, Listener>();
  private nextId = 1;
  private readonly most: number;

  /**
   * @param start makes a worker
   * @param onFailure told when a worker cannot be had or ends by itself
   */
  constructor(
    private readonly start: () => Worker,
    private readonly engine: Uint8Array<ArrayBuffer>,
    private readonly model: ModelFileMap,
    private readonly onFailure: (text: string) => void,
  ) {
    this.most = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 1));
  }

  /** Starts the first worker. @returns what the model says of itself */
  open(): Promise<ModelFacts> {
    return new Promise((resolve, reject) => this.add(resolve, reject));
  }

  /** How many pictures are drawn at once, of so many. */
  workersFor(pictures: number): number {
    return Math.min(this.most, pictures);
  }

  /** Draws pictures, as many at once as there are workers. */
  draw(wishes: readonly (readonly [Wish, Listener])[]): void {
    for (const [wish, listener] of wishes) {
      const id = this.nextId++;
      this.listeners.set(id, listener);
      this.waiting.push({ id, wish });
    }
    while (this.members.length < this.workersFor(this.listeners.size)) {
      // The first one goes on by itself where a further one cannot be had.
      this.add(
        () => undefined,
        () => undefined,
      );
    }
    this.handOut();
  }

  /** Ends what is being drawn, and drops what waits. */
  stop(): void {
    for (const { id } of this.waiting.splice(0)) this.end(id, (listener) => listener.stopped());
    for (const { worker, busyWith } of this.members) {
      if (busyWith !== null) send(worker, { kind: 'stop', id: busyWith });
    }
  }

  private add(onReady: (facts: ModelFacts) => void, onFailed: (error: Error) => void): void {
    const worker = this.start();
    const member: Member = { worker, busyWith: null, isReady: false };
    this.members.push(member);
    const remove = (text: string) => {
      worker.terminate();
      this.members.splice(this.members.indexOf(member), 1);
      onFailed(new Error(text));
      const { busyWith } = member;
      if (busyWith !== null) this.end(busyWith, (listener) => listener.failed(text));
      if (this.members.length > 0) return this.handOut();
      for (const { id } of this.waiting.splice(0))
        this.end(id, (listener) => listener.failed(text));
      this.onFailure(text);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const what = event.message ? ` (${event.message})` : '';
      remove(`The engine has stopped${what}. Load the page again.`);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'ready') {
        member.isReady = true;
        onReady(data.facts);
        this.handOut();
      } else if (data.kind === 'failed' && data.id === undefined) remove(data.text);
      else this.heard(member, data as FromWorker & { readonly id: number });
    };
    send(worker, { kind: 'load', engine: this.engine, model: this.model });
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
    for (const member of this.members) {
      if (!member.isReady || member.busyWith !== null) continue;
      const next = this.waiting.shift();
      if (!next) return;
      member.busyWith = next.id;
      send(member.worker, { kind: 'draw', ...next });
    }
  }
}

const send = (worker: Worker, message: ToWorker) => worker.postMessage(message);
