/**
 * Records what a function does to tensors. Every kernel of tfjs-node ends in one of two methods of its
 * backend; while tracing, these record a node and return a tensor without a value. What depends on no input
 * is run at once and becomes a constant.
 */

import { engine, nodeBackend, retain, tf, wrapKernel, type OpAttribute } from '../backend';
import { fromTfjs, toTfjs, type TensorSpec } from './dtypes';
import { JitError } from './errors';
import { Graph, type Attributes, type AttrValue, type Ref } from './graph';
import { guarded } from './guards';
import { OPS, REFUSED, type OpCall } from './ops';
import { lowerPrecision, type Precision } from './precision';
import { simplify } from './simplify';
import { flattenTree, type TreeStructure } from './tree';

/** Constants above this many bytes are held as the session's variables: a GraphDef is copied many times. */
const LARGE_CONSTANT = 16384;

/** What a graph reads from outside: a variable, or a large constant that is never assigned. */
export type Source = tf.Variable | tf.Tensor;

export interface Traced {
  readonly graph: Graph;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly Ref[];
  readonly structure: TreeStructure;
  readonly sources: readonly Source[];
  /** Index in `sources`, and the value at the end. */
  readonly assignments: readonly { readonly source: number; readonly value: Ref }[];
}

let current: Tracer | undefined;

/** Whether a function is being traced now. */
export function isTracing(): boolean {
  return current !== undefined;
}

/**
 * Traces a function.
 *
 * @param run calls the function with abstract tensors of the given shapes and dtypes; returns its result
 * @throws JitError if the function does what a graph cannot hold; and whatever the function throws
 */
export function trace(
  name: string,
  inputs: readonly TensorSpec[],
  run: (tensors: tf.Tensor[]) => unknown,
  precision: Precision,
): Traced {
  gatherWithoutReadingIndices();
  const tracer = new Tracer(name, precision);
  current = tracer;
  try {
    return tracer.trace(inputs, run);
  } finally {
    current = undefined;
  }
}

class Tracer {
  private readonly graph = new Graph();
  private readonly refs = new WeakMap<tf.DataId, Ref>();
  /** By the variable's abstract value at the start. */
  private readonly variables = new WeakMap<tf.DataId, tf.Variable>();
  private readonly sources: Source[] = [];
  private readonly scopes: string[] = [];
  private readonly backend = nodeBackend();

  constructor(
    private readonly name: string,
    private readonly precision: Precision,
  ) {}

  trace(inputs: readonly TensorSpec[], run: (tensors: tf.Tensor[]) => unknown): Traced {
    const restoreVariables = this.abstractVariables();
    const { executeSingleOutput, executeMultipleOutputs } = this.backend;
    this.backend.executeSingleOutput = (op, attributes, args) =>
      this.record(op, attributes, args, 1, () => [
        executeSingleOutput.call(this.backend, op, attributes, args),
      ])[0] as tf.Tensor;
    this.backend.executeMultipleOutputs = (op, attributes, args, count) =>
      this.record(op, attributes, args, count, () =>
        executeMultipleOutputs.call(this.backend, op, attributes, args, count),
      );
    const scope = engine();
    scope.startScope(this.name);
    try {
      const abstract = inputs.map((spec) => this.abstract(spec, this.graph.input(spec)));
      const result = guarded(
        () => run(abstract),
        (name) => this.enter(name),
      );
      return this.finish(inputs, result);
    } catch (error) {
      this.disposeConstants();
      throw error;
    } finally {
      this.backend.executeSingleOutput = executeSingleOutput;
      this.backend.executeMultipleOutputs = executeMultipleOutputs;
      restoreVariables();
      scope.endScope();
    }
  }

  /** Gives every variable an abstract value, so that reads and assignments show. Returns the undoing. */
  private abstractVariables(): () => void {
    const saved = allVariables().map((variable) => {
      const value = retain(variable);
      this.replace(variable);
      return { variable, value };
    });
    return () => {
      for (const { variable, value } of saved) {
        if (!variable.isDisposed) variable.assign(value);
        value.dispose();
      }
    };
  }

  private replace(variable: tf.Variable): void {
    const spec = { shape: variable.shape, dtype: fromTfjs(variable.dtype) };
    const token = this.abstract(spec, undefined);
    this.variables.set(token.dataId, variable);
    variable.assign(token);
    token.dispose();
  }

  private finish(inputs: readonly TensorSpec[], result: unknown): Traced {
    if (result instanceof Promise) {
      throw new JitError(`${this.name} returned a promise. A traced function must be synchronous.`);
    }
    const { tensors, paths, structure } = flattenTree(result, 'result');
    const outputs = tensors.map((tensor, i) => {
      if (this.isAbstract(tensor)) return this.refOf(tensor);
      throw new JitError(
        `Result ${paths[i] || 'of the function'} depends on no argument and no variable: it would ` +
          'be the same in every call. Return it from outside of the traced function.',
      );
    });
    const assignments = allVariables()
      .filter((variable) => this.variables.get(variable.dataId) !== variable)
      .map((variable) => ({ source: this.sourceOf(variable), value: this.refOf(variable) }));
    return { graph: this.graph, inputs, outputs, structure, sources: this.sources, assignments };
  }

  private record(
    op: string,
    attributes: OpAttribute[],
    inputs: tf.Tensor[],
    count: number,
    run: () => tf.Tensor[],
  ): tf.Tensor[] {
    const refused = REFUSED[op];
    if (refused) throw new JitError(`${op} cannot be traced: it ${refused}.`);
    if (!inputs.some((input) => this.isAbstract(input))) return run();
    const shapesOf = OPS[op];
    if (!shapesOf) {
      throw new JitError(
        `jit knows no shape function for the op ${op}. Add one to the table of its family in ` +
          'lib/jit/ops/, with a case in test/jit/op-cases/.',
      );
    }
    const call = this.call(op, attributes, inputs);
    const outputs = shapesOf(call);
    if (outputs.length !== count) {
      throw new JitError(
        `${op}: expected ${count} outputs, its shape function gives ${outputs.length}.`,
      );
    }
    const refs = inputs.map((input) => this.refOf(input));
    const simpler = simplify(this.graph, refs, outputs, call);
    if (simpler) return outputs.map((spec) => this.abstract(spec, simpler));
    const scope = this.scopes.filter((name) => name !== '').join('/');
    const made = this.attributes(op, attributes, call);
    const add = this.precision === 'bfloat16' ? lowerPrecision : addNode;
    const recorded = add(this.graph, op, refs, made, outputs, scope);
    return outputs.map((spec, i) => this.abstract(spec, recorded[i] as Ref));
  }

  private call(op: string, attributes: OpAttribute[], inputs: tf.Tensor[]): OpCall {
    return {
      op,
      inputs: inputs.map(({ dataId, shape }) => ({
        shape,
        dtype: this.backend.tensorMap.get(dataId).dtype,
      })),
      attribute: (name) => attributes.find((attribute) => attribute.name === name)?.value,
      constant: (i) => {
        const tensor = inputs[i];
        if (!tensor || this.isAbstract(tensor)) {
          throw new JitError(
            `${op}: input ${i} decides the shape of the result, so it must not depend on an ` +
              'argument of the traced function or on a variable.',
          );
        }
        return [...this.backend.readSync(tensor.dataId)].map(Number);
      },
    };
  }

  private attributes(op: string, attributes: OpAttribute[], call: OpCall): Attributes {
    const made = Object.fromEntries(
      attributes.map((attribute) => [attribute.name, this.attrValue(op, attribute)]),
    );
    // tfjs-node leaves these to TensorFlow, or gives the dtype from before a cast.
    const dtype = call.inputs[0]?.dtype;
    if ((op === 'ExpandDims' || op === 'Mean') && dtype !== undefined) {
      made['T'] = { kind: 'type', value: dtype };
    }
    return made;
  }

  private attrValue(op: string, { name, type, value }: OpAttribute): AttrValue {
    const { binding } = this.backend;
    if (Array.isArray(value)) {
      if (type === binding.TF_ATTR_INT) return { kind: 'ints', value: value.map(Number) };
      if (type === binding.TF_ATTR_FLOAT) return { kind: 'floats', value: value.map(Number) };
      if (type === binding.TF_ATTR_BOOL) return { kind: 'bools', value: value.map(Boolean) };
      if (type === binding.TF_ATTR_SHAPE) return { kind: 'shape', value: value.map(Number) };
    } else if (type === binding.TF_ATTR_STRING) {
      return { kind: 'string', value: String(value) };
    } else if (type === binding.TF_ATTR_BOOL) {
      return { kind: 'bool', value: Boolean(value) };
    } else if (type === binding.TF_ATTR_INT) {
      return { kind: 'int', value: Number(value) };
    } else if (type === binding.TF_ATTR_FLOAT) {
      return { kind: 'float', value: Number(value) };
    } else if (type === binding.TF_ATTR_TYPE) {
      return { kind: 'type', value: Number(value) };
    }
    throw new JitError(`${op}: attribute ${name} of type ${type} cannot be traced.`);
  }

  private isAbstract({ dataId }: tf.Tensor): boolean {
    return this.refs.has(dataId) || this.variables.has(dataId);
  }

  private refOf(tensor: tf.Tensor): Ref {
    const known = this.refs.get(tensor.dataId);
    if (known) return known;
    const spec = { shape: tensor.shape, dtype: this.backend.tensorMap.get(tensor.dataId).dtype };
    const variable = this.variables.get(tensor.dataId);
    if (variable) return this.graph.variable(this.sourceOf(variable), spec);
    return this.constant(tensor, spec);
  }

  private constant(tensor: tf.Tensor, spec: TensorSpec): Ref {
    fromTfjs(tensor.dtype);
    const values = this.backend.readSync(tensor.dataId) as tf.backend_util.TypedArray;
    const bytes = bytesOf(values, tensor.dtype);
    const uniform = values.length > 1 && values.every((value) => value === values[0]);
    if (bytes.length <= LARGE_CONSTANT || uniform) return this.graph.constant(spec, bytes);
    let index = this.sources.findIndex((source) => source.dataId === tensor.dataId);
    if (index < 0) index = this.sources.push(retain(tensor)) - 1;
    return this.graph.variable(index, spec);
  }

  private sourceOf(variable: tf.Variable): number {
    const index = this.sources.indexOf(variable);
    return index >= 0 ? index : this.sources.push(variable) - 1;
  }

  /** A tensor without a value. */
  private abstract(spec: TensorSpec, ref: Ref | undefined): tf.Tensor {
    const dataId = {};
    const shape = [...spec.shape];
    this.backend.tensorMap.set(dataId, {
      shape,
      dtype: spec.dtype,
      id: -1,
      values: null,
      refCount: 1,
      beforeRead: () => this.refuseRead(),
    });
    if (ref) this.refs.set(dataId, ref);
    const dtype = toTfjs(spec.dtype);
    return engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  }

  private refuseRead(): never {
    throw new JitError(
      current === this
        ? `The value of a tensor was read (dataSync, arraySync, print) while ${this.name} was traced. ` +
            'It depends on an argument or a variable, so there is none yet. Return the tensor and read ' +
            'it outside.'
        : `A tensor from the tracing of ${this.name} was used after it. It never has a value: return ` +
            'from the function what is needed outside.',
    );
  }

  /** Keeps the names of open tidy scopes; tfjs's own op scopes are left out. */
  private enter(name: string | undefined): void {
    if (name === undefined) this.scopes.pop();
    else this.scopes.push(/__op$|^gradTape$|^(forward|backward)$/.test(name) ? '' : name);
  }

  private disposeConstants(): void {
    for (const source of this.sources) if (!(source instanceof tf.Variable)) source.dispose();
  }
}

function allVariables(): tf.Variable[] {
  return Object.values(engine().registeredVariables).filter(({ dtype }) => dtype !== 'string');
}

function addNode(
  graph: Graph,
  op: string,
  inputs: readonly Ref[],
  attributes: Attributes,
  outputs: readonly TensorSpec[],
  scope: string,
): Ref[] {
  const node = graph.add(op, inputs, attributes, outputs, scope);
  return outputs.map((_, output) => ({ node, output }));
}

function bytesOf(values: tf.backend_util.TypedArray, dtype: tf.DataType): Uint8Array {
  if (dtype === 'bool') return Uint8Array.from(values);
  // Before they go to TensorFlow, values may still be in another kind of array.
  const array = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  return new Uint8Array(array.buffer);
}

let gatherIsWrapped = false;

/**
 * tfjs-node's gather reads its indices to check their range, which a traced function cannot. Inside of a
 * graph TensorFlow checks them (on a CPU it throws, on a GPU it returns zeros).
 */
function gatherWithoutReadingIndices(): void {
  if (gatherIsWrapped) return;
  gatherIsWrapped = true;
  const backend = nodeBackend();
  const { TF_ATTR_INT, TF_ATTR_TYPE, TF_INT32 } = backend.binding;
  wrapKernel('GatherV2', (eager) => (call) => {
    if (!current) return eager(call);
    const { x, indices } = call.inputs as { x: tf.Tensor; indices: tf.Tensor };
    const { axis, batchDims } = call.attrs as unknown as { axis: number; batchDims: number };
    const axisTensor = tf.scalar(axis, 'int32');
    const result = backend.executeSingleOutput(
      'GatherV2',
      [
        { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
        { name: 'Tparams', type: TF_ATTR_TYPE, value: backend.tensorMap.get(x.dataId).dtype },
        { name: 'Tindices', type: TF_ATTR_TYPE, value: TF_INT32 },
        { name: 'Taxis', type: TF_ATTR_TYPE, value: TF_INT32 },
      ],
      [x, indices, axisTensor],
    );
    axisTensor.dispose();
    return result;
  });
}
