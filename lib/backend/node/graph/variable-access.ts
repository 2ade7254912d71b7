/**
 * How a session's graphs get at its variables: by TensorFlow's own ops, a few nodes for each variable, or by those of
 * native/fused/op-variables.cc, one node for all that a graph reads: fewer to be prepared before a training's first step, and a tenth
 * less of what a small picture costs (docs/performance.md).
 */

import { hasFusedOps } from '../kernels/fused';
import { DType } from './dtypes';
import { control, placeholder, type NodeDef } from './graph-def';
import type { Slot } from './slot';

/** A run that stores values: what is fed, what is fetched so that it happens. */
export interface Load {
  /** Texts that are fed before the values. */
  readonly keys: readonly string[];
  readonly inputs: string;
  readonly outputs: string;
}

/** A value that a graph takes. */
export interface Read {
  readonly slot: Slot;
  readonly dtype: number;
}

/** How a graph reads. */
export interface Reads {
  readonly nodes: readonly NodeDef[];
  /** The values, as inputs of nodes. */
  readonly values: readonly string[];
  /** The node that reads a slot, for what must come after. */
  node(slot: Slot): string;
}

export interface VariableAccess {
  /** Whether it gives values in bfloat16, which is worth it where they stay the same from run to run. */
  readonly rounds: boolean;
  /** @param prefix of the graph's names; @param reads all that it takes */
  reads(prefix: string, reads: readonly Read[]): Reads;
  /** A node that gives a slot the value of another node, after others. */
  assign(name: string, slot: Slot, value: string, after: readonly string[]): NodeDef;
  /** What all graphs of a session share. @param handled slots whose handles they use */
  shared(slots: readonly Slot[], handled: ReadonlySet<Slot>): NodeDef[];
  /** Stores the values of these slots, all of the session or a single one. */
  load(slots: readonly Slot[]): Load;
  /** Where the values of all slots that graphs assign are fetched. */
  values(assigned: readonly Slot[]): string;
}

/** The library's ops where layers use them, too. */
export function variableAccess(): VariableAccess {
  return hasFusedOps() ? PACKED : PLAIN;
}

const type = (value: number) => ({ kind: 'type', value }) as const;
const valueOf = ({ name }: Slot): string => `${name}/value`;
const fed = (slots: readonly Slot[]): string => slots.map((slot) => `${valueOf(slot)}:0`).join();

const handle = ({ name, spec }: Slot): NodeDef => {
  const shape = { kind: 'shape', value: spec.shape } as const;
  const shared_name = { kind: 'string', value: name } as const;
  const attributes = { dtype: type(spec.dtype), shape, shared_name };
  return { name, op: 'VarHandleOp', inputs: [], attributes };
};

/** On a GPU, too, what is fetched from here needs no copy from the device. */
const HOST = '/device:CPU:0';

/** A number that all sessions have. */
const ZERO: NodeDef = {
  name: 'zero',
  op: 'Const',
  inputs: [],
  device: HOST,
  attributes: { dtype: type(DType.float32) },
  constant: { spec: { shape: [], dtype: DType.float32 }, bytes: new Uint8Array(4) },
};

/** The binding can only fetch values, so what is run for its effect ends in a value that waits for it. */
export function token(name: string, names: readonly string[]): NodeDef {
  const attributes = { T: type(DType.float32) };
  const inputs = ['zero', ...control(names)];
  return { name, op: 'Identity', inputs, attributes, device: HOST };
}

const PLAIN: VariableAccess = {
  rounds: false,
  reads: (_, reads) => ({
    nodes: [],
    values: reads.map(({ slot }) => plainRead(slot)),
    node: plainRead,
  }),
  assign: (name, slot, value, names) => ({
    name,
    op: 'AssignVariableOp',
    inputs: [slot.name, value, ...control(names)],
    attributes: { dtype: type(slot.spec.dtype) },
  }),
  shared: (slots) => [
    ZERO,
    ...slots.flatMap((slot): NodeDef[] => {
      const { name, spec } = slot;
      const attributes = { dtype: type(spec.dtype) };
      return [
        handle(slot),
        { name: plainRead(slot), op: 'ReadVariableOp', inputs: [name], attributes },
        placeholder(valueOf(slot), spec),
        PLAIN.assign(`${name}/assign`, slot, valueOf(slot), []),
        token(`${name}/loaded`, [`${name}/assign`]),
      ];
    }),
    token(
      'loaded',
      slots.map(({ name }) => `${name}/assign`),
    ),
  ],
  load: (slots) => ({
    keys: [],
    inputs: fed(slots),
    outputs: slots.length === 1 ? `${slots[0]!.name}/loaded:0` : 'loaded:0',
  }),
  values: (slots) => slots.map((slot) => `${plainRead(slot)}:0`).join(),
};

function plainRead({ name }: Slot): string {
  return `${name}/read`;
}

const asRead = (slot: Slot): Read => ({ slot, dtype: slot.spec.dtype });

/** Attributes of an op for many. */
const many = (reads: readonly Read[]) =>
  ({
    dtypes: { kind: 'types', value: reads.map(({ dtype }) => dtype) },
    names: { kind: 'strings', value: reads.map(({ slot }) => slot.name) },
  }) as const;

const readAll = (name: string, reads: readonly Read[]): NodeDef => ({
  name,
  op: 'SdmReadVariables',
  inputs: [],
  attributes: many(reads),
});

const PACKED: VariableAccess = {
  rounds: true,
  reads: (prefix, reads) => {
    const name = `${prefix}/variables`;
    return {
      nodes: [readAll(name, reads)],
      values: reads.map((_, i) => `${name}:${i}`),
      node: () => name,
    };
  },
  assign: (name, slot, value, names) => ({
    name,
    op: 'SdmAssignVariables',
    inputs: [value, ...control(names)],
    attributes: many([asRead(slot)]),
  }),
  shared: (slots, handled) => [
    ZERO,
    ...[...handled].map(handle),
    ...slots.map((slot) => placeholder(valueOf(slot), slot.spec)),
    readAll('assigned', slots.filter(({ assigned }) => assigned).map(asRead)),
    {
      name: 'loaded',
      op: 'SdmAssignVariables',
      inputs: slots.map(valueOf),
      attributes: many(slots.map(asRead)),
    },
    placeholder('name', { dtype: DType.string }),
    ...[...new Set(slots.map(({ spec }) => spec.dtype))].flatMap((dtype): NodeDef[] => [
      placeholder(`value${dtype}`, { dtype }),
      {
        name: `loaded${dtype}`,
        op: 'SdmAssignNamedVariable',
        inputs: ['name', `value${dtype}`],
        attributes: { dtype: type(dtype) },
      },
    ]),
  ],
  // One at a time by its name, so that TensorFlow prepares a single set of inputs for all.
  load: (slots) => {
    const [slot, ...rest] = slots;
    if (!slot || rest.length > 0) return { keys: [], inputs: fed(slots), outputs: 'loaded:0' };
    const { dtype } = slot.spec;
    return {
      keys: [slot.name],
      inputs: `name:0,value${dtype}:0`,
      outputs: `loaded${dtype}:0`,
    };
  },
  values: (slots) => slots.map((_, i) => `assigned:${i}`).join(),
};
