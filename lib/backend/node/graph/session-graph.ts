/** What a session adds to recorded graphs: their variables, how these are loaded and read, and outputs by name. */

import type { tf } from '../..';
import type { TensorEntry } from '../binding';
import type { TensorSpec } from './dtypes';
import { nodeDefs, placeholder, serializeNodes, type NodeDef } from './graph-def';
import type { Traced } from './traced';
import type { Source } from './variables';

/** One variable (or large constant) of a session. */
export interface Slot {
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
  /** Whose values it needs, and whose it changes. */
  readonly reads: readonly Slot[];
  readonly assigns: readonly Slot[];
  readonly inputNames: string;
  readonly outputNames: string;
  readonly outputs: number;
  /** Whether it is best run with half of the threads for each op (see lib/jit/halves.ts). */
  readonly hasHalves: boolean;
  /** Whether it computes with the graphs of other workers (see ../cluster). */
  readonly hasCollectives: boolean;
}

/** Names of a slot's nodes: its value, where one is fed, and what to fetch so that the fed one is stored. */
export const slotNames = {
  read: ({ name }: Slot): string => `${name}/read`,
  value: ({ name }: Slot): string => `${name}/value`,
  loaded: ({ name }: Slot): string => `${name}/loaded`,
};

/** What to fetch so that the fed values of all slots are stored. */
export const ALL_LOADED = 'loaded';

/** @param slots of the traced sources, in their order */
export function makeProgram(
  name: string,
  prefix: string,
  traced: Traced,
  slots: readonly Slot[],
): Program {
  const { assignments, updates } = traced;
  const results = [...traced.outputs, ...assignments.map(({ value }) => value)];
  const effects = updates.map(({ node }) => node);
  const reachable = traced.graph.reachable([...results.map(({ node }) => node), ...effects]);
  const slot = (index: number): Slot => slots[index] as Slot;
  const { defs, nameOf } = nodeDefs(reachable, prefix, {
    handle: (index) => slot(index).name,
    read: (index) => slotNames.read(slot(index)),
  });
  const refs = results.map(({ node, output }) => `${nameOf(node)}:${output}`);
  const reading = new Set(
    reachable.flatMap(({ variable }) => (variable === undefined ? [] : [variable])),
  );
  const handled = reachable.flatMap(({ handles = [] }) => handles);
  const present = new Set(defs.map((def) => def.name));
  traced.inputs.forEach((spec, i) => {
    // An input that nothing needs is fed all the same.
    const input = `${prefix}/input${i}`;
    if (!present.has(input)) defs.push(placeholder(input, spec));
  });
  const outputs = traced.outputs.length;
  const done = effects.map((node) => `^${nameOf(node)}`);
  assignments.forEach(({ source, value, after }, i) => {
    const { name: handle, spec } = slot(source);
    const before = [
      ...(reading.has(source) ? [`^${slotNames.read(slot(source))}`] : []),
      ...(after ? [`^${nameOf(after)}`] : []),
    ];
    const inputs = [handle, `${nameOf(value.node)}:${value.output}`, ...before];
    const attributes = { dtype: { kind: 'type', value: spec.dtype } } as const;
    defs.push({ name: `${prefix}/assign${i}`, op: 'AssignVariableOp', inputs, attributes });
    done.push(`^${prefix}/assign${i}`);
  });
  defs.push(...outputNodes(prefix, traced, refs, done));
  const fetched = Array.from({ length: Math.max(outputs, 1) }, (_, i) => `${prefix}/output${i}:0`);
  return {
    name,
    nodes: serializeNodes(defs),
    reads: [...new Set([...reading, ...handled])].map(slot),
    assigns: [...new Set([...assignments, ...updates].map(({ source }) => source))].map(slot),
    inputNames: traced.inputs.map((_, i) => `${prefix}/input${i}:0`).join(),
    outputNames: fetched.join(),
    outputs,
    hasHalves: traced.hasHalves,
    hasCollectives: reachable.some(({ op }) => op === 'CollectiveReduce'),
  };
}

/** Outputs under names of their own; the first waits for what is `done` to variables. */
function outputNodes(
  prefix: string,
  traced: Traced,
  refs: readonly string[],
  done: readonly string[],
): NodeDef[] {
  if (traced.outputs.length === 0) return [token(`${prefix}/output0`, done)];
  return traced.outputs.map(({ node, output }, i) => ({
    name: `${prefix}/output${i}`,
    op: 'Identity',
    inputs: [refs[i] as string, ...(i === 0 ? done : [])],
    attributes: { T: { kind: 'type', value: node.outputs[output]?.dtype ?? 1 } },
  }));
}

/** Variables with their reads, and the nodes that load them. */
export function variableNodes(slots: readonly Slot[]): NodeDef[] {
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
      ALL_LOADED,
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
