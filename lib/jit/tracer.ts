/**
 * Records what a function does to tensors. Every kernel of tfjs-node ends in one of two methods of its
 * backend; while tracing, these record a node and return a tensor without a value. What depends on no input
 * is run at once and becomes a constant.
 */

import { engine, nodeBackend, retain, setTracing, tf, type OpAttribute } from '../backend';
import { bytesOf, graphAttributes } from './attributes';
import { fromTfjs, toTfjs, type TensorSpec } from './dtypes';
import { JitError } from './errors';
import { gatherWithoutReadingIndices } from './gather-kernel';
import { Graph, type Ref } from './graph';
import { guarded } from './guards';
import { OPS, REFUSED, type OpCall } from './ops';
import { addInPrecision, type Precision } from './precision';
import { simplify } from './simplify';
import { allVariables, replaceValues } from './variables';
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
  setTracing(true);
  try {
    return tracer.trace(inputs, run);
  } finally {
    setTracing(false);
    tracer.done = true;
  }
}

class Tracer {
  /** Set when the function has been traced: its tensors are of no use after. */
  done = false;
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
    const restoreVariables = replaceValues((variable) => this.token(variable));
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

  /** The abstract value that stands for a variable's value before the function runs. */
  private token(variable: tf.Variable): tf.Tensor {
    const spec = { shape: variable.shape, dtype: fromTfjs(variable.dtype) };
    const token = this.abstract(spec, undefined);
    this.variables.set(token.dataId, variable);
    return token;
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
    const made = graphAttributes(call, attributes);
    const recorded = addInPrecision(this.graph, this.precision, op, refs, made, outputs, scope);
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
      !this.done
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
