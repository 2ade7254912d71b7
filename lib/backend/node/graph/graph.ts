/** The recorded graph: nodes in the order of recording, constants and equal nodes shared. */

import type { TensorSpec } from './dtypes';
import { sizeOf } from './dtypes';

/** An attribute of a node, tagged with its field in TensorFlow's AttrValue. */
export type AttrValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'int' | 'float' | 'type'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'shape' | 'ints' | 'floats' | 'types'; readonly value: readonly number[] }
  | { readonly kind: 'bools'; readonly value: readonly boolean[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

export type Attributes = Readonly<Record<string, AttrValue>>;

/** One output of a node. */
export interface Ref {
  readonly node: GraphNode;
  readonly output: number;
}

/** The values of a `Const`: raw little-endian bytes, or one element that stands for all. */
export interface ConstantData {
  readonly bytes: Uint8Array;
}

/** An op with what it is given. */
export interface OpNode {
  readonly op: string;
  readonly inputs: readonly Ref[];
  readonly attributes: Attributes;
  readonly outputs: readonly TensorSpec[];
  /** Names of the tfjs scopes it was recorded in, for profiles: `down_blocks.0/conv1`. */
  readonly scope: string;
}

export interface GraphNode extends OpNode {
  /** Position in the graph; names are made of it. */
  readonly id: number;
  /** Only of `Const`. */
  readonly constant?: ConstantData;
  /** Only of `Variable`: which of the graph's variables it reads (see session.ts). */
  readonly variable?: number;
  /** Only of `Input`: which of the graph's inputs it is. */
  readonly input?: number;
  /** Variables whose handles come before the inputs: the node changes or reads them in place. */
  readonly handles?: readonly number[];
  /** Nodes that must have run before. */
  readonly after?: readonly GraphNode[];
}

export function specOf(ref: Ref): TensorSpec {
  const spec = ref.node.outputs[ref.output];
  if (!spec) throw new Error(`${ref.node.op} has no output ${ref.output}.`);
  return spec;
}

export class Graph {
  readonly nodes: GraphNode[] = [];
  private readonly shared = new Map<string, GraphNode>();
  private inputs = 0;

  input(spec: TensorSpec): Ref {
    const node = { ...this.blank('Input', [spec]), input: this.inputs++ };
    this.nodes.push(node);
    return { node, output: 0 };
  }

  variable(index: number, spec: TensorSpec): Ref {
    return this.share(`Variable ${index}`, () => ({
      ...this.blank('Variable', [spec]),
      variable: index,
    }));
  }

  /** A constant; equal ones are one node. Constants whose elements are all equal hold one element. */
  constant(spec: TensorSpec, bytes: Uint8Array): Ref {
    const data = uniformElement(bytes, sizeOf(spec.shape)) ?? bytes;
    const key = `Const ${spec.dtype} [${spec.shape.join()}] ${Buffer.from(data).toString('latin1')}`;
    return this.share(key, () => ({
      ...this.blank('Const', [spec]),
      // A copy: the array may belong to a tensor that its owner goes on to change.
      constant: { bytes: Uint8Array.from(data) },
    }));
  }

  /** A node of a stateless op: equal ones are one node. */
  add({ op, inputs, attributes, outputs, scope }: OpNode): GraphNode {
    const names = inputs.map(({ node, output }) => `${node.id}:${output}`).join();
    const key = `${op} ${names} ${JSON.stringify(attributes)}`;
    return this.share(key, () => ({ ...this.blank(op, outputs), inputs, attributes, scope })).node;
  }

  /** A node that changes variables in place. It is never shared, and has no outputs. */
  update(
    { op, inputs, attributes, scope }: Omit<OpNode, 'outputs'>,
    handles: readonly number[],
    after: readonly GraphNode[],
  ): GraphNode {
    const node = { ...this.blank(op, []), handles, inputs, attributes, after, scope };
    this.nodes.push(node);
    return node;
  }

  /** A variable's value after an update. */
  readAfter(update: GraphNode, variable: number, spec: TensorSpec): Ref {
    const attributes = { dtype: { kind: 'type', value: spec.dtype } } as const;
    const node: GraphNode = {
      ...this.blank('ReadVariableOp', [spec]),
      handles: [variable],
      attributes,
      after: [update],
    };
    this.nodes.push(node);
    return { node, output: 0 };
  }

  /** The given nodes and those that they need, in order. */
  reachable(wanted: readonly GraphNode[]): GraphNode[] {
    const needed = new Uint8Array(this.nodes.length);
    for (const node of wanted) needed[node.id] = 1;
    for (let id = this.nodes.length - 1; id >= 0; id--) {
      if (needed[id] !== 1) continue;
      const { inputs, after = [] } = this.nodes[id] as GraphNode;
      for (const { node } of inputs) needed[node.id] = 1;
      for (const node of after) needed[node.id] = 1;
    }
    return this.nodes.filter(({ id }) => needed[id] === 1);
  }

  private blank(op: string, outputs: readonly TensorSpec[]): GraphNode {
    return { id: this.nodes.length, op, inputs: [], attributes: {}, outputs, scope: '' };
  }

  private share(key: string, make: () => GraphNode): Ref {
    let node = this.shared.get(key);
    if (!node) {
      node = make();
      this.nodes.push(node);
      this.shared.set(key, node);
    }
    return { node, output: 0 };
  }
}

/** The bytes of the first element, if all of at least eight elements are equal. */
function uniformElement(bytes: Uint8Array, size: number): Uint8Array | undefined {
  if (size < 8) return undefined;
  const width = bytes.length / size;
  for (let i = width; i < bytes.length; i++) {
    if (bytes[i] !== bytes[i - width]) return undefined;
  }
  return bytes.subarray(0, width);
}
