/** What a session adds to recorded graphs: their variables, how these are loaded and read, and outputs by name. */

import { DType } from './dtypes';
import type { GraphNode, Ref } from './graph';
import {
  control,
  nodeDefs,
  placeholder,
  serializeNodes,
  takesNames,
  type NodeDef,
} from './graph-def';
import type { Slot } from './slot';
import type { Traced } from './traced';
import { token, type VariableAccess } from './variable-access';

/** A graph in a session. */
export interface Program {
  readonly name: string;
  readonly nodes: Uint8Array;
  /** Whose values it needs, and whose it changes. */
  readonly reads: readonly Slot[];
  readonly assigns: readonly Slot[];
  /** Variables whose handles its nodes take. */
  readonly handled: readonly Slot[];
  readonly inputNames: string;
  readonly outputNames: string;
  readonly outputs: number;
  /** Whether it is best run with half of the threads for each op (see lib/jit/halves.ts). */
  readonly hasHalves: boolean;
  /** Whether XLA compiles it. */
  readonly xla: boolean;
  /** Whether it computes with the graphs of other workers (see ../cluster). */
  readonly hasCollectives: boolean;
}

/** @param slots of the traced sources, in their order */
export function makeProgram(
  name: string,
  prefix: string,
  traced: Traced,
  slots: readonly Slot[],
  access: VariableAccess,
): Program {
  const { assignments, updates } = traced;
  const results = [...traced.outputs, ...assignments.map(({ value }) => value)];
  const effects = updates.map(({ node }) => node);
  const reachable = traced.graph.reachable([...results.map(({ node }) => node), ...effects]);
  const slot = (index: number): Slot => slots[index] as Slot;
  const reading = new Set(
    reachable.flatMap(({ variable }) => (variable === undefined ? [] : [variable])),
  );
  const slotsOf = (nodes: readonly GraphNode[]) =>
    [...new Set(nodes.flatMap(({ handles = [] }) => handles))].map(slot);
  const isConstant = assignments.length + updates.length === 0;
  const values = firstValues(reachable, results, isConstant && access.rounds);
  const read = access.reads(
    prefix,
    values.map(({ index, dtype }) => ({ slot: slot(index), dtype })),
  );
  const readers = (index: number) => (reading.has(index) ? [read.node(slot(index))] : []);
  const valueOf = new Map(values.map(({ node }, i) => [node, read.values[i]]));
  const { defs, nameOf, inputOf } = nodeDefs(
    reachable,
    prefix,
    {
      handle: (index) => slot(index).name,
      value: (node) => valueOf.get(node),
      readers,
    },
    traced.xla,
  );
  defs.push(...read.nodes);
  const refs = results.map(inputOf);
  const present = new Set(defs.map((def) => def.name));
  traced.inputs.forEach((spec, i) => {
    // An input that nothing needs is fed all the same.
    const input = `${prefix}/input${i}`;
    if (!present.has(input)) defs.push(placeholder(input, spec));
  });
  const outputs = traced.outputs.length;
  const done = effects.map(nameOf);
  assignments.forEach(({ source, after }, i) => {
    const before = [...readers(source), ...(after ? [nameOf(after)] : [])];
    const assign = `${prefix}/assign${i}`;
    defs.push(access.assign(assign, slot(source), refs[outputs + i] as string, before));
    done.push(assign);
  });
  defs.push(...outputNodes(prefix, traced, refs, done));
  const fetched = Array.from({ length: Math.max(outputs, 1) }, (_, i) => `${prefix}/output${i}:0`);
  return {
    name,
    nodes: serializeNodes(defs),
    reads: [...new Set([...[...reading].map(slot), ...slotsOf(reachable)])],
    handled: slotsOf(reachable.filter((node) => !takesNames(node))),
    assigns: [...new Set([...assignments, ...updates].map(({ source }) => source))].map(slot),
    inputNames: traced.inputs.map((_, i) => `${prefix}/input${i}:0`).join(),
    outputNames: fetched.join(),
    outputs,
    hasHalves: traced.hasHalves,
    xla: traced.xla,
    hasCollectives: reachable.some(({ op }) => op === 'CollectiveReduce'),
  };
}

/** What nodes and results take of variables. With `rounds`, in bfloat16 where they take it rounded to that. */
function firstValues(nodes: readonly GraphNode[], results: readonly Ref[], rounds: boolean) {
  const isRounded = ({ op, inputs, outputs }: GraphNode) =>
    rounds &&
    op === 'Cast' &&
    inputs[0]?.node.variable !== undefined &&
    outputs[0]?.dtype === DType.bfloat16;
  const taken = new Set(
    [...nodes.filter((node) => !isRounded(node)).flatMap(({ inputs }) => inputs), ...results].map(
      ({ node }) => node,
    ),
  );
  return [...taken].flatMap((node) => {
    const index = isRounded(node) ? node.inputs[0]?.node.variable : node.variable;
    return index === undefined ? [] : [{ node, index, dtype: node.outputs[0]!.dtype }];
  });
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
    inputs: [refs[i] as string, ...(i === 0 ? control(done) : [])],
    attributes: { T: { kind: 'type', value: node.outputs[output]?.dtype ?? 1 } },
  }));
}
