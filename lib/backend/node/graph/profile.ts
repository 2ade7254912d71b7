/**
 * Where a graph's time goes: its nodes are run one after another, each timed by itself. (The native binding
 * does not give TensorFlow's own record of a run.) The sum is more than a run takes, which overlaps small nodes
 * and fuses some.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tf } from '../..';
import { perfettoTrace, type LayerName, type OpTiming } from '../../../jit/timings';
import { nodeBackend, type NativeTensor, type OpAttribute } from '../binding';
import { bytesOf, DType, sizeOf, toTfjs, type TensorSpec } from './dtypes';
import { specOf, type AttrValue, type GraphNode, type Ref } from './graph';
import type { Traced } from './traced';

/**
 * Runs the nodes of a traced function one by one. Variables keep their values.
 *
 * @param inputs the function's arguments, in order
 * @param layerOf names the layer of a variable that a node reads; nodes that read none belong to the same
 *   layer as the one before
 */
export function profileGraph(
  traced: Traced,
  inputs: readonly tf.Tensor[],
  layerOf: LayerName,
): OpTiming[] {
  let timings: OpTiming[] = [];
  tf.tidy(() => {
    timings = new GraphRun(traced, inputs, layerOf).run();
  });
  return timings;
}

let folder: string | undefined;

/**
 * From now on the first run of each graph also writes a profile of it, `<name>-<time>.json`, for
 * https://ui.perfetto.dev. The environment's `SDM_PROFILE` (1 for the folder `profile`, or a folder) does it from
 * the start.
 *
 * @param where the folder; undefined for no more profiles
 */
export function writeProfiles(where: string | undefined): void {
  folder = where;
}

/** Writes a profile if `writeProfiles` asked for it. */
export function profileIfWanted(
  name: string,
  traced: Traced,
  inputs: readonly tf.Tensor[],
  layerOf: LayerName,
): void {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const trace = perfettoTrace(profileGraph(traced, inputs, layerOf));
  writeFileSync(join(folder, `${name}-${Date.now()}.json`), trace);
}

class GraphRun {
  private readonly values = new Map<GraphNode, tf.Tensor[]>();
  private readonly uses = new Map<GraphNode, number>();
  private readonly handles = new Map<number, tf.Tensor>();
  private readonly nodes: readonly GraphNode[];
  private readonly backend = nodeBackend();

  constructor(
    private readonly traced: Traced,
    private readonly inputs: readonly tf.Tensor[],
    private readonly layerOf: LayerName,
  ) {
    const { graph, outputs, assignments, updates } = traced;
    const wanted = [...outputs, ...assignments.map(({ value }) => value)].map(({ node }) => node);
    this.nodes = graph.reachable([...wanted, ...updates.map(({ node }) => node)]);
    for (const node of this.nodes) for (const ref of node.inputs) this.count(ref, 1);
  }

  run(): OpTiming[] {
    const timings: OpTiming[] = [];
    let layer = '';
    for (const node of this.nodes) {
      const given = this.given(node);
      if (given) {
        this.values.set(node, [given]);
        continue;
      }
      layer = this.layerOfNode(node) ?? layer;
      const args = [
        ...(node.handles ?? []).map((index) => this.handle(index)),
        ...node.inputs.map(
          ({ node: from, output }) => this.values.get(from)?.[output] as tf.Tensor,
        ),
      ];
      const ids = this.backend.getInputTensorIds(args);
      const start = performance.now();
      const results = this.execute(node, ids);
      const milliseconds = performance.now() - start;
      const shapes = shapesOf(args);
      const outputs = shapesOf(node.outputs);
      const bytes = bytesOf([...node.inputs.map(specOf), ...node.outputs]);
      timings.push({
        op: node.op,
        layer: node.scope || layer,
        shapes,
        outputs,
        bytes,
        milliseconds,
      });
      this.values.set(
        node,
        results.map((result: NativeTensor) => this.backend.createOutputTensor(asKnown(result))),
      );
      for (const ref of node.inputs) if (this.count(ref, -1) === 0) this.free(ref.node);
    }
    for (const handle of this.handles.values()) {
      this.backend.executeMultipleOutputs('DestroyResourceOp', [], [handle], 0);
    }
    return timings;
  }

  /** The binding hands over no lists of texts, so a product that adds its bias runs as two ops. */
  private execute({ op, attributes, outputs }: GraphNode, ids: number[]): NativeTensor[] {
    const { binding } = this.backend;
    const given = Object.entries(attributes).filter(([, { kind }]) => kind !== 'strings');
    const all = given.map(([name, value]) => this.attribute(name, value));
    if (op !== '_FusedMatMul') return binding.executeOp(op, all, ids, outputs.length);
    const named = (...names: string[]) => all.filter(({ name }) => names.includes(name));
    const [a, b, bias] = ids as [number, number, number];
    const transposed = named('T', 'transpose_a', 'transpose_b');
    const [product] = binding.executeOp('MatMul', transposed, [a, b], 1);
    const sum = binding.executeOp('BiasAdd', named('T'), [product!.id, bias], 1);
    binding.deleteTensor(product!.id);
    return sum;
  }

  private given(node: GraphNode): tf.Tensor | undefined {
    if (node.input !== undefined) return this.inputs[node.input];
    if (node.variable !== undefined) return this.traced.sources[node.variable];
    if (node.constant) return constantTensor(node.outputs[0] as TensorSpec, node.constant.bytes);
    return undefined;
  }

  private layerOfNode(node: GraphNode): string | undefined {
    for (const { node: from } of node.inputs) {
      const source = from.variable === undefined ? undefined : this.traced.sources[from.variable];
      const name = source instanceof tf.Variable ? this.layerOf(source as tf.Variable) : undefined;
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** A resource with a copy of the variable's value. */
  private handle(index: number): tf.Tensor {
    let handle = this.handles.get(index);
    if (!handle) {
      const source = this.traced.sources[index] as tf.Variable;
      const { binding } = this.backend;
      const dtype = { name: 'dtype', type: binding.TF_ATTR_TYPE, value: DType.float32 };
      const shape = { name: 'shape', type: binding.TF_ATTR_SHAPE, value: source.shape };
      const name = { name: 'shared_name', type: binding.TF_ATTR_STRING, value: `profile${index}` };
      handle = this.backend.executeSingleOutput('VarHandleOp', [dtype, shape, name], []);
      const copy = tf.add(source, 0);
      this.backend.executeMultipleOutputs('AssignVariableOp', [dtype], [handle, copy], 0);
      this.handles.set(index, handle);
    }
    return handle;
  }

  private count({ node }: Ref, change: number): number {
    const uses = (this.uses.get(node) ?? 0) + change;
    this.uses.set(node, uses);
    return uses;
  }

  private free(node: GraphNode): void {
    if (node.input !== undefined || node.variable !== undefined) return;
    tf.dispose(this.values.get(node) ?? []);
    this.values.delete(node);
  }

  private attribute(name: string, { kind, value }: AttrValue): OpAttribute {
    const { binding } = this.backend;
    const type = {
      string: binding.TF_ATTR_STRING,
      strings: binding.TF_ATTR_STRING,
      int: binding.TF_ATTR_INT,
      ints: binding.TF_ATTR_INT,
      float: binding.TF_ATTR_FLOAT,
      floats: binding.TF_ATTR_FLOAT,
      bool: binding.TF_ATTR_BOOL,
      bools: binding.TF_ATTR_BOOL,
      type: binding.TF_ATTR_TYPE,
      types: binding.TF_ATTR_TYPE,
      shape: binding.TF_ATTR_SHAPE,
    }[kind];
    return { name, type, value };
  }
}

const shapesOf = (tensors: readonly { readonly shape: readonly number[] }[]) =>
  tensors.map(({ shape }) => shape.join('x')).join(' ');

/** tfjs knows no bfloat16. The tensor stays what it is, and is only handed to other nodes. */
function asKnown(result: NativeTensor): NativeTensor {
  return result.dtype === DType.bfloat16 ? { ...result, dtype: DType.float32 } : result;
}

function constantTensor({ shape, dtype }: TensorSpec, bytes: Uint8Array): tf.Tensor {
  const type = toTfjs(dtype);
  const width = type === 'bool' ? 1 : 4;
  // Fewer bytes than elements: one element stands for all.
  const all = Uint8Array.from(
    { length: sizeOf(shape) * width },
    (_, i) => bytes[i % bytes.length] ?? 0,
  );
  const values =
    type === 'float32'
      ? new Float32Array(all.buffer)
      : type === 'int32'
        ? new Int32Array(all.buffer)
        : all;
  return tf.tensor(values, [...shape], type);
}
