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
import { engine, nodeBackend, tf, type TensorEntry } from '../backend';
import { fromTfjs, type TensorSpec } from './dtypes';
import { JitError } from './errors';
import {
  nodeDefs,
  placeholder,
  serializeNodes,
  serializeSavedModel,
  type NodeDef,
} from './graph-def';
import type { Source, Traced } from './tracer';

/** So few changed variables are loaded one by one; more are loaded all at once. */
const FEW = 4;

/** One variable (or large constant) of a session. */
interface Slot {
  readonly name: string;
  readonly source: Source;
  readonly spec: TensorSpec;
  /** Whether some graph of the session assigns it. */
  assigned: boolean;
  /** The value that the session holds. */
  held: tf.DataId | undefined;
  /** tfjs's entry of that value, while the value is in the session only. */
  away: TensorEntry | undefined;
}

/** A graph in a session. */
export interface Program {
  readonly name: string;
  readonly nodes: Uint8Array;
  readonly reads: readonly Slot[];
  readonly assigns: readonly Slot[];
  readonly inputNames: string;
  readonly outputNames: string;
  readonly outputs: number;
}

const leftovers = new FinalizationRegistry((model: number) =>
  nodeBackend().binding.deleteSavedModel(model),
);

/**
 * A TensorFlow session. Functions that share one (option `session`) share its variables in place: none moves
 * when one runs after another. Each further graph makes the session load again, which takes about as
 * long as the first load of all its graphs.
 */
export class JitSession {
  private readonly programs = new Set<Program>();
  private readonly slots = new Map<Source, Slot>();
  private model: number | undefined;
  /** Whether the present model's variables have values. */
  private initialized = false;
  private made = 0;

  /** Adds a graph; it is loaded when it first runs. */
  add(name: string, traced: Traced): Program {
    this.unload(); // before new slots are marked: the present graph does not know them
    const prefix = `graph${this.made++}`;
    const slots = traced.sources.map((source) => this.slotOf(source));
    const assigns = traced.assignments.map(({ source }) => slots[source] as Slot);
    const results = [...traced.outputs, ...traced.assignments.map(({ value }) => value)];
    const reachable = traced.graph.reachable(results);
    const reads = reachable.flatMap(({ variable }) =>
      variable === undefined ? [] : [slots[variable] as Slot],
    );
    const nameOfVariable = (index: number): string => `${(slots[index] as Slot).name}/read`;
    const { defs, nameOf } = nodeDefs(reachable, prefix, nameOfVariable);
    const names = results.map(({ node, output }) => `${nameOf(node)}:${output}`);
    const outputs = traced.outputs.length;
    const present = new Set(defs.map((def) => def.name));
    traced.inputs.forEach((spec, i) => {
      // An input that nothing needs is fed all the same.
      if (!present.has(`${prefix}/input${i}`)) defs.push(placeholder(`${prefix}/input${i}`, spec));
    });
    defs.push(
      ...assigns.map((slot, i): NodeDef => {
        const after = reads.includes(slot) ? [`^${slot.name}/read`] : [];
        const inputs = [slot.name, names[outputs + i] as string, ...after];
        const attributes = { dtype: { kind: 'type', value: slot.spec.dtype } } as const;
        return { name: `${prefix}/assign${i}`, op: 'AssignVariableOp', inputs, attributes };
      }),
      ...finalNodes(prefix, traced, names, assigns.length),
    );
    for (const slot of assigns) slot.assigned = true;
    const program: Program = {
      name,
      nodes: serializeNodes(defs),
      reads,
      assigns,
      inputNames: traced.inputs.map((_, i) => `${prefix}/input${i}:0`).join(),
      outputNames: Array.from(
        { length: Math.max(outputs, 1) },
        (_, i) => `${prefix}/output${i}:0`,
      ).join(),
      outputs,
    };
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
    const names = assigned.map(({ name }) => `${name}/read:0`).join();
    const values = this.execute('reading variables', [], '', names);
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
    if (stale.length === 0 && this.initialized) return;
    if (stale.some(({ away }) => away && away.refCount > 0)) this.pull();
    if (this.initialized && stale.length <= FEW) {
      for (const slot of stale) this.assign([slot], `${slot.name}/loaded:0`);
    } else {
      this.pull();
      this.assign([...this.slots.values()], 'loaded:0');
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
      const name = `variable${this.made++}`;
      slot = { name, source, spec, assigned: false, held: undefined, away: undefined };
      this.slots.set(source, slot);
    }
    return slot;
  }

  private load(): void {
    if (this.model !== undefined) return;
    const slots = [...this.slots.values()];
    const variables = serializeNodes(variableNodes(slots));
    const nodes = [variables, ...[...this.programs].map((program) => program.nodes)];
    const directory = mkdtempSync(join(tmpdir(), 'jit-'));
    try {
      writeFileSync(join(directory, 'saved_model.pb'), serializeSavedModel(nodes));
      this.model = nodeBackend().binding.loadSavedModel(directory, 'serve');
    } finally {
      rmSync(directory, { recursive: true });
    }
    this.initialized = false;
    leftovers.register(this, this.model, this);
  }

  private assign(slots: readonly Slot[], target: string): void {
    const backend = nodeBackend();
    // A disposed variable that another graph of the session uses: that graph can no more be run.
    const zeros = slots.map(({ source }) =>
      source.isDisposed ? tf.zeros(source.shape, source.dtype) : undefined,
    );
    const ids = backend.getInputTensorIds(slots.map(({ source }, i) => zeros[i] ?? source));
    const names = slots.map(({ name }) => `${name}/value:0`).join();
    for (const { id } of this.execute('loading variables', ids, names, target)) {
      backend.binding.deleteTensor(id);
    }
    tf.dispose(zeros.filter((tensor) => tensor !== undefined));
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
    const dataId = {};
    const { shape, dtype } = source;
    const entry: TensorEntry = {
      shape,
      dtype: slot.spec.dtype,
      id: -1,
      values: null,
      refCount: 1,
      beforeRead: () => this.pull(),
    };
    nodeBackend().tensorMap.set(dataId, entry);
    const value = engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
    (source as tf.Variable).assign(value);
    value.dispose();
    slot.held = dataId;
    slot.away = entry;
  }
}

/** Whether a tensor other than the variable holds the value that only the session has. */
function isShared({ away, held, source }: Slot): boolean {
  if (!away) return false;
  return away.refCount > (source.dataId === held && !source.isDisposed ? 1 : 0);
}

function variableNodes(slots: readonly Slot[]): NodeDef[] {
  const nodes = slots.flatMap(({ name, spec }): NodeDef[] => {
    const dtype = { kind: 'type', value: spec.dtype } as const;
    const shape = { kind: 'shape', value: spec.shape } as const;
    const handle = { dtype, shape, shared_name: { kind: 'string', value: name } } as const;
    return [
      { name, op: 'VarHandleOp', inputs: [], attributes: handle },
      { name: `${name}/read`, op: 'ReadVariableOp', inputs: [name], attributes: { dtype } },
      placeholder(`${name}/value`, spec),
      {
        name: `${name}/assign`,
        op: 'AssignVariableOp',
        inputs: [name, `${name}/value`],
        attributes: { dtype },
      },
      token(`${name}/loaded`, [`^${name}/assign`]),
    ];
  });
  return [
    ...nodes,
    ZERO,
    token(
      'loaded',
      slots.map(({ name }) => `^${name}/assign`),
    ),
  ];
}

/** The binding can only fetch values, so what is run for its effect ends in a value that waits for it. */
function token(name: string, after: readonly string[]): NodeDef {
  return {
    name,
    op: 'Identity',
    inputs: ['zero', ...after],
    attributes: { T: { kind: 'type', value: 1 } },
  };
}

const ZERO: NodeDef = {
  name: 'zero',
  op: 'Const',
  inputs: [],
  attributes: { dtype: { kind: 'type', value: 1 } },
  constant: { spec: { shape: [], dtype: 1 }, bytes: new Uint8Array(4) },
};

/** Outputs under names of their own; the first waits for the assignments. */
function finalNodes(
  prefix: string,
  traced: Traced,
  names: readonly string[],
  count: number,
): NodeDef[] {
  const assignments = Array.from({ length: count }, (_, i) => `^${prefix}/assign${i}`);
  if (traced.outputs.length === 0) return [token(`${prefix}/output0`, assignments)];
  return traced.outputs.map(({ node, output }, i) => ({
    name: `${prefix}/output${i}`,
    op: 'Identity',
    inputs: [names[i] as string, ...(i === 0 ? assignments : [])],
    attributes: { T: { kind: 'type', value: node.outputs[output]?.dtype ?? 1 } },
  }));
}
