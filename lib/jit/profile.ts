/**
 * Where a graph's time goes: its nodes are run one after another, each timed by itself. (The native binding
 * does not give TensorFlow's own record of a run.) The sum is more than a run takes, which overlaps small nodes
 * and fuses some.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeBackend, tf, type NativeTensor, type OpAttribute } from '../backend';
import { DType, sizeOf, toTfjs, type TensorSpec } from './dtypes';
import type { AttrValue, GraphNode, Ref } from './graph';
import type { Traced } from './traced';

/** Names the layer of a variable, for example by the keys of a state dict. */
export type LayerName = (variable: tf.Variable) => string | undefined;

/** One node's run. */
export interface OpTiming {
  readonly op: string;
  /** The layer it belongs to, as far as that is known. */
  readonly layer: string;
  /** Shapes of its inputs: `64x28x28x32 3x3x32x32`. */
  readonly shapes: string;
  readonly milliseconds: number;
}

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

/**
 * Profiles a traced function into a file `<name>-<time>.json` if the environment has `SDM_PROFILE`, which is 1
 * (for the folder `profile`) or a folder.
 */
export function profileIfWanted(
  name: string,
  traced: Traced,
  inputs: readonly tf.Tensor[],
  layerOf: LayerName,
): void {
  const wanted = process.env['SDM_PROFILE'] ?? '';
  if (wanted === '' || wanted === '0') return;
  const folder = wanted === '1' ? 'profile' : wanted;
  mkdirSync(folder, { recursive: true });
  const trace = perfettoTrace(profileGraph(traced, inputs, layerOf));
  writeFileSync(join(folder, `${name}-${Date.now()}.json`), trace);
}

/** Sums of the timings by op or by layer, longest first. */
export function sumTimings(
  timings: readonly OpTiming[],
  by: 'op' | 'layer',
): { readonly name: string; readonly count: number; readonly milliseconds: number }[] {
  const sums = new Map<string, { name: string; count: number; milliseconds: number }>();
  for (const { milliseconds, [by]: name } of timings) {
    const sum = sums.get(name) ?? { name, count: 0, milliseconds: 0 };
    sum.count++;
    sum.milliseconds += milliseconds;
    sums.set(name, sum);
  }
  return [...sums.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** The timings as Chrome's trace JSON, which https://ui.perfetto.dev opens: a track by op, one by layer. */
export function perfettoTrace(timings: readonly OpTiming[]): string {
  const events: object[] = [];
  let ts = 0;
  const layer = { name: timings[0]?.layer ?? '', start: 0 };
  const slice = (name: string, tid: number, start: number, end: number, args?: object): void => {
    events.push({ name, ph: 'X', pid: 1, tid, ts: start, dur: end - start, args });
  };
  const closeLayer = (): void => {
    if (layer.name !== '' && ts > layer.start) slice(layer.name, 2, layer.start, ts);
  };
  for (const timing of timings) {
    if (timing.layer !== layer.name) {
      closeLayer();
      Object.assign(layer, { name: timing.layer, start: ts });
    }
    const end = ts + timing.milliseconds * 1000;
    slice(timing.op, 1, ts, end, { shapes: timing.shapes, layer: timing.layer });
    ts = end;
  }
  closeLayer();
  return JSON.stringify({ traceEvents: events, displayTimeUnit: 'ms' });
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
      const attributes = Object.entries(node.attributes).map(([name, value]) =>
        this.attribute(name, value),
      );
      const start = performance.now();
      const results = this.backend.binding.executeOp(node.op, attributes, ids, node.outputs.length);
      const milliseconds = performance.now() - start;
      const shapes = args.map(({ shape }) => shape.join('x')).join(' ');
      timings.push({ op: node.op, layer: node.scope || layer, shapes, milliseconds });
      this.values.set(
        node,
        results.map((result: NativeTensor) => this.backend.createOutputTensor(result)),
      );
      for (const ref of node.inputs) if (this.count(ref, -1) === 0) this.free(ref.node);
    }
    for (const handle of this.handles.values()) {
      this.backend.executeMultipleOutputs('DestroyResourceOp', [], [handle], 0);
    }
    return timings;
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
