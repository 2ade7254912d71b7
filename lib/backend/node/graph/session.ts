/**
 * TensorFlow sessions that hold graphs and the variables they use.
 *
 * Where a variable's value is. tfjs never changes a tensor: `variable.assign(x)` gives the variable another
 * `dataId`, so a `dataId` stands for a value. A session notes for each variable which `dataId` it holds.
 * If the variable has another one before a run (someone assigned it, or another session did), the value
 * is loaded first. After a run that assigns a variable, the variable gets a new `dataId` whose value is in the
 * session only; the first who reads it outside makes the session give its values back (`pull`).
 * So eager code, state dicts and other graphs see a variable as if no session existed.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tf } from '../..';
import { JitError } from '../../../jit/errors';
import type { JitSessionOptions } from '../../../jit/session';
import { nodeBackend } from '../binding';
import { fromTfjs } from './dtypes';
import { serializeNodes, serializeSavedModel } from './graph-def';
import { withSessionOptions } from './session-config';
import { makeProgram, type Program } from './session-graph';
import type { Slot } from './slot';
import { threadsOfHalf } from './threads';
import type { Traced } from './traced';
import { valuelessTensor } from './valueless';
import { variableAccess } from './variable-access';
import type { Source } from './variables';

/** So few changed variables are loaded one by one; more are loaded all at once. */
const FEW = 4;

/** Variables of all sessions so far. */
let variables = 0;

const leftovers = new FinalizationRegistry((model: number) =>
  nodeBackend().binding.deleteSavedModel(model),
);

/** The graphs and variables of a `JitSession`. */
export class GraphSession {
  private readonly programs = new Set<Program>();
  private readonly slots = new Map<Source, Slot>();
  private model: number | undefined;
  /** Whether the present model's variables have values. */
  private initialized = false;
  private made = 0;
  private readonly access = variableAccess();

  constructor(private readonly options: JitSessionOptions) {}

  /** Adds a graph; it is loaded when it first runs. */
  add(name: string, traced: Traced): Program {
    this.unload(); // before new slots are marked: the present graph does not know them
    const slots = traced.sources.map((source) => this.slotOf(source));
    const program = makeProgram(name, `graph${this.made++}`, traced, slots, this.access);
    for (const slot of program.assigns) slot.assigned = true;
    this.programs.add(program);
    return program;
  }

  /** Takes a graph out; its variables get their values back. The session loads again without it. */
  remove(program: Program): void {
    this.unload();
    this.programs.delete(program);
    const used = new Set(
      [...this.programs].flatMap(({ reads, assigns }) => [...reads, ...assigns]),
    );
    for (const slot of this.slots.values()) {
      if (used.has(slot)) continue;
      this.slots.delete(slot.source);
      if (!(slot.source instanceof tf.Variable)) slot.source.dispose();
    }
  }

  /**
   * Runs a graph.
   *
   * @returns its outputs; the caller disposes them
   * @throws JitError if TensorFlow reports an error, or a variable was disposed
   */
  run(program: Program, inputs: tf.Tensor[]): tf.Tensor[] {
    const backend = nodeBackend();
    for (const slot of [...program.reads, ...program.assigns]) {
      if (slot.source.isDisposed) {
        throw new JitError(
          `A variable that ${program.name} uses was disposed. Make the function anew.`,
        );
      }
    }
    this.load();
    this.push(program);
    // What a run overwrites may still be needed by a tensor that shares the old value.
    if (program.assigns.some(isShared)) this.pull();
    const ids = backend.getInputTensorIds(inputs);
    const results = this.execute(program.name, ids, program.inputNames, program.outputNames);
    for (const slot of program.assigns) this.takeOver(slot);
    const tensors = results.map((result) => backend.createOutputTensor(result));
    if (program.outputs === 0) tf.dispose(tensors.splice(0));
    return tensors;
  }

  /** Gives all variables their present values, in one run. Reading one outside does it by itself. */
  pull(): void {
    if (this.model === undefined) return;
    const assigned = [...this.slots.values()].filter((slot) => slot.assigned);
    if (!assigned.some(({ away }) => away)) return;
    const values = this.execute('reading variables', [], '', this.access.values(assigned));
    values.forEach(({ id }, i) => {
      const slot = assigned[i] as Slot;
      if (slot.away && slot.away.refCount > 0) {
        slot.away.id = id;
        delete slot.away.beforeRead;
      } else {
        nodeBackend().binding.deleteTensor(id);
      }
      slot.away = undefined;
    });
  }

  /** Loads the values of variables that were assigned outside; `run` does it by itself. */
  push(program?: Program): void {
    this.load();
    const slots = program ? program.reads : [...this.slots.values()];
    const stale = slots.filter(({ held, source }) => held !== source.dataId && !source.isDisposed);
    if (stale.length === 0 && (this.initialized || this.slots.size === 0)) return;
    if (stale.some(({ away }) => away && away.refCount > 0)) this.pull();
    if (this.initialized && stale.length <= FEW) {
      for (const slot of stale) this.assign([slot]);
    } else {
      this.pull();
      this.assign([...this.slots.values()]);
      this.initialized = true;
    }
  }

  /** Frees the session; all variables get their values back. It loads again if it is run again. */
  unload(): void {
    if (this.model === undefined) return;
    this.pull();
    nodeBackend().binding.deleteSavedModel(this.model);
    leftovers.unregister(this);
    this.model = undefined;
    for (const slot of this.slots.values()) slot.held = undefined;
  }

  private slotOf(source: Source): Slot {
    let slot = this.slots.get(source);
    if (!slot) {
      const spec = { shape: source.shape, dtype: fromTfjs(source.dtype) };
      // On a server the variables of all sessions stand beside each other, by their names.
      const name = `variable${variables++}`;
      slot = { name, source, spec, assigned: false, held: undefined, away: undefined };
      this.slots.set(source, slot);
    }
    return slot;
  }

  private load(): void {
    if (this.model !== undefined) return;
    const slots = [...this.slots.values()];
    const programs = [...this.programs];
    const handled = new Set(programs.flatMap((program) => program.handled));
    const shared = serializeNodes(this.access.shared(slots, handled));
    const nodes = [shared, ...programs.map((program) => program.nodes)];
    const directory = mkdtempSync(join(tmpdir(), 'jit-'));
    try {
      writeFileSync(join(directory, 'saved_model.pb'), serializeSavedModel(nodes));
      const isShared = programs.some((program) => program.hasCollectives);
      this.model = withSessionOptions(this.presentOptions(), isShared, () =>
        nodeBackend().binding.loadSavedModel(directory, 'serve'),
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
    this.initialized = false;
    leftovers.register(this, this.model, this);
  }

  /**
   * A number of threads that was asked for, or half of them where graphs compute halves side by side. Without Grappler where XLA
   * compiles: it would put nodes between that are not marked, and cut into hundreds of pieces what is one.
   */
  private presentOptions(): JitSessionOptions {
    const hasHalves = [...this.programs].some((program) => program.hasHalves);
    const hasXla = [...this.programs].some((program) => program.xla);
    const metaOptimizer = this.options.metaOptimizer ?? (hasXla ? false : undefined);
    const chosen = this.options.intraOpParallelismThreads;
    const threads = chosen ?? (hasHalves ? threadsOfHalf() : undefined);
    return { metaOptimizer, intraOpParallelismThreads: threads };
  }

  private assign(slots: readonly Slot[]): void {
    const backend = nodeBackend();
    // A disposed variable that another graph of the session uses: that graph can no more be run.
    const zeros = slots.map(({ source }) =>
      source.isDisposed ? tf.zeros(source.shape, source.dtype) : undefined,
    );
    const { keys, inputs, outputs } = this.access.load(slots);
    const texts = keys.map((key) => tf.scalar(key, 'string'));
    const values = slots.map(({ source }, i) => zeros[i] ?? source);
    const ids = backend.getInputTensorIds([...texts, ...values]);
    for (const { id } of this.execute('loading variables', ids, inputs, outputs)) {
      backend.binding.deleteTensor(id);
    }
    tf.dispose([...texts, ...zeros.filter((tensor) => tensor !== undefined)]);
    for (const slot of slots) {
      slot.held = slot.source.dataId;
      slot.away = undefined;
    }
  }

  private execute(
    what: string,
    ids: number[],
    inputs: string,
    outputs: string,
  ): ReturnType<ReturnType<typeof nodeBackend>['binding']['runSavedModel']> {
    try {
      return nodeBackend().binding.runSavedModel(this.model as number, ids, inputs, outputs);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new JitError(`${what}: ${message}`, { cause: error });
    }
  }

  /** After the graph has assigned a variable: its value is in the session now. */
  private takeOver(slot: Slot): void {
    const { source } = slot;
    if (slot.away && source.dataId === slot.held) return;
    const { tensor: value, entry } = valuelessTensor(slot.spec, () => this.pull());
    (source as tf.Variable).assign(value);
    value.dispose();
    slot.held = source.dataId;
    slot.away = entry;
  }
}

/** Whether a tensor other than the variable holds the value that only the session has. */
function isShared({ away, held, source }: Slot): boolean {
  if (!away) return false;
  return away.refCount > (source.dataId === held && !source.isDisposed ? 1 : 0);
}
