/**
 * Writes recorded graphs as a SavedModel, which the native binding loads as a session. Field numbers are
 * those of TensorFlow's graph.proto, node_def.proto, attr_value.proto, tensor.proto and saved_model.proto.
 */

import { DType, sizeOf, type TensorSpec } from './dtypes';
import type { AttrValue, Attributes, GraphNode, Ref } from './graph';
import { ProtobufWriter } from './protobuf';

/** The GraphDef version of TensorFlow 2.x; it decides which old behaviours are kept. */
const PRODUCER = 1882;

/** A node as GraphDef has it; inputs are names: `node`, `node:1`, `^control`. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  /** Where it is to run; TensorFlow chooses if not given. */
  readonly device?: string;
  readonly constant?: { readonly spec: TensorSpec; readonly bytes: Uint8Array };
}

/** Serialized nodes of a GraphDef; serialized lists may be concatenated. */
export function serializeNodes(nodes: readonly NodeDef[]): Uint8Array {
  const graph = new ProtobufWriter();
  for (const node of nodes) graph.message(1, (message) => writeNode(message, node));
  return graph.finish();
}

/** A SavedModel with one graph, tagged `serve`, of lists of serialized nodes. */
export function serializeSavedModel(nodes: readonly Uint8Array[]): Uint8Array {
  const versions = new ProtobufWriter().message(4, (message) => message.int(1, PRODUCER)).finish();
  const graph = Buffer.concat([...nodes, versions]);
  return new ProtobufWriter()
    .int(1, 1)
    .message(2, (metaGraph) =>
      metaGraph.message(1, (info) => info.string(4, 'serve')).data(2, graph),
    )
    .finish();
}

/** How the graph's variables are called. */
export interface VariableNames {
  handle(index: number): string;
  /** As an input, if the node is a variable's first value. */
  value(node: GraphNode): string | undefined;
  /** The node that reads that of a variable, if one does. */
  readers(index: number): readonly string[];
}

/** Nodes of a recorded graph. */
export interface NamedNodes {
  readonly defs: NodeDef[];
  readonly nameOf: (node: GraphNode) => string;
  /** How a value is called, as an input. */
  readonly inputOf: (ref: Ref) => string;
}

/** @param xla whether XLA is to compile them */
export function nodeDefs(
  nodes: readonly GraphNode[],
  prefix: string,
  variables: VariableNames,
  xla: boolean,
): NamedNodes {
  const names = new Map<GraphNode, string>();
  const nameOf = (node: GraphNode): string => {
    let name = names.get(node);
    if (name === undefined) names.set(node, (name = newName(node)));
    return name;
  };
  const newName = (node: GraphNode): string => {
    if (node.input !== undefined) return `${prefix}/input${node.input}`;
    const scope = node.scope.replace(/[^A-Za-z0-9_.\\/-]/g, '_');
    return `${prefix}/${scope === '' ? '' : `${scope}/`}${node.op}_${node.id}`;
  };
  const inputOf = ({ node, output }: Ref): string => {
    const value = variables.value(node);
    if (value !== undefined) return value;
    return output === 0 ? nameOf(node) : `${nameOf(node)}:${output}`;
  };
  const inputsOf = (node: GraphNode): string[] => {
    const { handles = [], inputs, after = [] } = node;
    return [
      ...(takesNames(node) ? [] : handles.map((index) => variables.handle(index))),
      ...inputs.map(inputOf),
      ...control(after.map(nameOf)),
      // The first value is read before it is changed.
      ...control([...new Set(handles.flatMap((index) => variables.readers(index)))]),
    ];
  };
  const forXla = (node: GraphNode) => xla && isForXla(node) && XLA;
  const attributesOf = (node: GraphNode): Attributes => {
    if (!takesNames(node)) return { ...node.attributes, ...forXla(node) };
    const names = { kind: 'strings', value: node.handles!.map((index) => variables.handle(index)) };
    return { ...node.attributes, handles: { kind: 'int', value: 0 }, names } as Attributes;
  };
  const defs = nodes
    .filter((node) => node.variable === undefined && variables.value(node) === undefined)
    .map((node): NodeDef => {
      const spec = node.outputs[0] ?? { shape: [], dtype: DType.float32 };
      const name = nameOf(node);
      if (node.input !== undefined) return placeholder(name, spec);
      if (node.constant) {
        const dtype = { kind: 'type', value: spec.dtype } as const;
        const attributes = { dtype, ...forXla(node) };
        return { name, op: 'Const', inputs: [], attributes, constant: { spec, ...node.constant } };
      }
      return { name, op: node.op, inputs: inputsOf(node), attributes: attributesOf(node) };
    });
  return { defs, nameOf, inputOf };
}

/** TensorFlow clusters the nodes that have it, and compiles each cluster by XLA. */
const XLA = { _XlaCompile: { kind: 'bool', value: true } } as const;

/** Not what changes or reads variables in place; and of the same keys XLA draws other numbers. */
const isForXla = ({ op, handles }: GraphNode): boolean =>
  handles === undefined && !op.startsWith('Stateless');

/**
 * Whether the node's op also finds variables by their names (native/fused/op-adamw.cc): a session's graph then needs no node
 * for the handle of each. Its attribute `handles` says how many it takes.
 */
export function takesNames({ attributes, handles = [] }: GraphNode): boolean {
  return handles.length > 0 && 'handles' in attributes;
}

/** What makes a node wait for others. */
export const control = (names: readonly string[]) => names.map((name) => `^${name}`);

/** Something to be fed, of any shape if none is given. */
export function placeholder(
  name: string,
  { shape, dtype }: Pick<TensorSpec, 'dtype'> & Partial<TensorSpec>,
): NodeDef {
  const attributes = {
    dtype: { kind: 'type', value: dtype },
    ...(shape && { shape: { kind: 'shape', value: shape } as const }),
  } as const;
  return { name, op: 'Placeholder', inputs: [], attributes };
}

function writeNode(message: ProtobufWriter, node: NodeDef): void {
  message.string(1, node.name).string(2, node.op);
  for (const input of node.inputs) message.string(3, input);
  if (node.device !== undefined) message.string(4, node.device);
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, (entry) => {
      entry.string(1, name).message(2, (attribute) => writeAttribute(attribute, value));
    });
  }
  if (node.constant) {
    const { spec, bytes } = node.constant;
    message.message(5, (entry) => {
      entry.string(1, 'value').message(2, (attribute) => {
        attribute.message(8, (tensor) => writeTensor(tensor, spec, bytes));
      });
    });
  }
}

function writeAttribute(message: ProtobufWriter, attribute: AttrValue): void {
  const list = (write: (items: ProtobufWriter) => void): void => {
    message.message(1, write);
  };
  switch (attribute.kind) {
    case 'string':
      message.string(2, attribute.value);
      break;
    case 'int':
      message.int(3, attribute.value);
      break;
    case 'float':
      message.float(4, attribute.value);
      break;
    case 'bool':
      message.int(5, Number(attribute.value));
      break;
    case 'type':
      message.int(6, attribute.value);
      break;
    case 'shape':
      message.message(7, (shape) => writeShape(shape, attribute.value));
      break;
    case 'ints':
      list((items) => attribute.value.forEach((value) => items.int(3, value)));
      break;
    case 'floats':
      list((items) => attribute.value.forEach((value) => items.float(4, value)));
      break;
    case 'strings':
      list((items) => attribute.value.forEach((value) => items.string(2, value)));
      break;
    case 'bools':
      list((items) => attribute.value.forEach((value) => items.int(5, Number(value))));
      break;
    case 'types':
      list((items) => attribute.value.forEach((value) => items.int(6, value)));
      break;
  }
}

function writeShape(message: ProtobufWriter, shape: readonly number[]): void {
  for (const size of shape) message.message(2, (dimension) => dimension.int(1, size));
}

/** Fewer bytes than elements means one element that stands for all. */
function writeTensor(message: ProtobufWriter, spec: TensorSpec, bytes: Uint8Array): void {
  const { shape, dtype } = spec;
  message.int(1, dtype).message(2, (tensorShape) => writeShape(tensorShape, shape));
  const width = dtype === DType.bool || dtype === DType.uint8 ? 1 : 4;
  if (bytes.length === sizeOf(shape) * width) {
    message.data(4, bytes);
    return;
  }
  const element = Buffer.from(bytes);
  if (dtype === DType.float32) message.float(5, element.readFloatLE(0));
  else if (dtype === DType.int32) message.int(7, element.readInt32LE(0));
  else if (dtype === DType.bool) message.int(11, element.readUInt8(0));
  else message.int(7, element.readUInt8(0));
}
