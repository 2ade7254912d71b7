/**
 * Records what a function does to tensors. Every kernel of tfjs-node ends in one of two methods of its
 * backend; while tracing, these record a node and return a tensor without a value. What depends on no input
 * is run at once and becomes a constant.
 */

import { engine, tf } from '../..';
import { JitError } from '../../../jit/errors';
import { setTrace, type Precision, type Trace } from '../../../jit/trace';
import { flattenTree } from '../../../jit/tree';
import { nodeBackend, type OpAttribute } from '../binding';
import { graphAttributes } from './attributes';
import { smallConstant } from './constants';
import type { TensorSpec } from './dtypes';
import { Graph, specOf, type Ref } from './graph';
import { guarded, ScopeNames } from './guards';
import { opCall } from './op-call';
import { customOp, OPS, REFUSED } from './ops';
import { addInPrecision } from './precision';
import { reshape, simplify, specialize } from './simplify';
import { threadsOfHalf } from './threads';
import { wrapTracedKernels } from './traced-kernels';
import { valueless, valuelessTensor } from './valueless';
import type { GraphOptions, Traced } from './traced';
import { TracedVariables } from './variables';

let current: Tracer | undefined;

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
  options: GraphOptions,
): Traced {
  wrapTracedKernels((x, shape) => current?.reshape(x, shape));
  const tracer = new Tracer(name, options);
  current = tracer;
  setTrace(tracer);
  try {
    return tracer.trace(inputs, run);
  } finally {
    current = undefined;
    setTrace(undefined);
  }
}

/** Whether `updateInPlace` would change these variables. */
export function canUpdateInPlace(variables: readonly tf.Variable[]): boolean {
  return current?.canUpdate(variables) ?? false;
}

/**
 * While a function is traced, changes variables in place by one of TensorFlow's ops for that, such as
 * `ResourceApplyAdam`: one node and no copy instead of a dozen nodes and three assignments. It has no gradient.
 *
 * @param variables whose handles are the op's first inputs
 * @param inputs the rest of its inputs
 * @returns false if nothing was done: no function is traced, or one of the variables has been assigned
 *   in it. The caller then does the same by ops of tensors.
 */
export function updateInPlace(
  op: string,
  variables: readonly tf.Variable[],
  inputs: readonly tf.Tensor[],
  attributes: readonly OpAttribute[],
): boolean {
  return current?.update(op, variables, inputs, attributes) ?? false;
}

class Tracer implements Trace {
  private readonly graph = new Graph();
  private readonly refs = new WeakMap<tf.DataId, Ref>();
  private readonly scopes = new ScopeNames();
  private readonly backend = nodeBackend();
  private hasHalves = false;
  private readonly variables = new TracedVariables(this.graph, (spec, ref) =>
    this.unread(spec, ref),
  );

  constructor(
    private readonly name: string,
    private options: GraphOptions,
  ) {}

  get precision(): Precision {
    return this.options.precision;
  }

  inPrecision<T>(precision: Precision, run: () => T): T {
    const { options } = this;
    this.options = { ...options, precision };
    try {
      return run();
    } finally {
      this.options = options;
    }
  }

  trace(inputs: readonly TensorSpec[], run: (tensors: tf.Tensor[]) => unknown): Traced {
    const restoreVariables = this.variables.replaceValues();
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
        (name) => this.scopes.enter(name),
      );
      return this.finish(inputs, result);
    } catch (error) {
      this.variables.disposeConstants();
      throw error;
    } finally {
      this.backend.executeSingleOutput = executeSingleOutput;
      this.backend.executeMultipleOutputs = executeMultipleOutputs;
      restoreVariables();
      scope.endScope();
    }
  }

  sideBySide(): boolean {
    if (this.options.xla) return false; // halves would be twice as much to compile
    this.hasHalves = true;
    return threadsOfHalf() !== undefined;
  }

  reshape(x: tf.Tensor, shape: readonly number[]): tf.Tensor | undefined {
    if (!this.isAbstract(x)) return undefined;
    const wanted = tf.util.inferFromImplicitShape([...shape], x.size);
    if (tf.util.sizeFromShape(wanted) !== x.size) return undefined;
    const ref = reshape(this.graph, this.refOf(x), wanted);
    return this.abstract({ shape: wanted, dtype: specOf(ref).dtype }, ref);
  }

  canUpdate(variables: readonly tf.Variable[]): boolean {
    return this.variables.canUpdate(variables);
  }

  update(
    op: string,
    variables: readonly tf.Variable[],
    inputs: readonly tf.Tensor[],
    attributes: readonly OpAttribute[],
  ): boolean {
    const refs = inputs.map((input) => this.refOf(input));
    const made = graphAttributes({ op, inputs: refs.map(specOf) }, attributes);
    const node = { op, inputs: refs, attributes: made, scope: this.scopes.path };
    return this.variables.update(node, variables);
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
    const { assignments, updates } = this.variables.outcome();
    const valued = assignments.map((assignment) => ({
      ...assignment,
      value: this.refOf(assignment.value),
    }));
    const { graph, hasHalves } = this;
    const { xla } = this.options;
    const { sources } = this.variables;
    const program = { graph, inputs, outputs, structure, sources, assignments: valued, updates };
    return { ...program, hasHalves, xla };
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
    const shapesOf = OPS[op] ?? customOp(op);
    if (!shapesOf) {
      throw new JitError(
        `jit knows no shape function for the op ${op}. Add one to the table of its family in ` +
          'lib/backend/node/graph/ops/, with a case in test/jit/op-cases/; or declareOps() it, if it is your own.',
      );
    }
    const call = opCall(op, attributes, inputs, (input) => this.isAbstract(input));
    const outputs = shapesOf(call);
    if (outputs.length !== count) {
      throw new JitError(
        `${op}: expected ${count} outputs, its shape function gives ${outputs.length}.`,
      );
    }
    const refs = inputs.map((input) => this.refOf(input));
    const simpler = simplify(this.graph, refs, outputs, call);
    if (simpler) return outputs.map((spec) => this.abstract(spec, simpler));
    const made = graphAttributes(call, attributes);
    const scope = this.scopes.path;
    const node = specialize({ op, inputs: refs, attributes: made, outputs, scope });
    const recorded = addInPrecision(this.graph, this.options, node);
    return outputs.map((spec, i) => this.abstract(spec, recorded[i] as Ref));
  }

  private isAbstract({ dataId }: tf.Tensor): boolean {
    return this.refs.has(dataId) || this.variables.has(dataId);
  }

  private refOf(tensor: tf.Tensor): Ref {
    const known = this.refs.get(tensor.dataId);
    if (known) return known;
    const spec = { shape: tensor.shape, dtype: this.backend.tensorMap.get(tensor.dataId).dtype };
    const variable = this.variables.read(tensor.dataId);
    if (variable) return variable;
    const bytes = smallConstant(tensor);
    return bytes ? this.graph.constant(spec, bytes) : this.variables.hold(tensor, spec);
  }

  /** A tensor without a value. */
  private abstract(spec: TensorSpec, ref: Ref): tf.Tensor {
    const { tensor } = valuelessTensor(spec, () => this.refuseRead());
    this.refs.set(tensor.dataId, ref);
    return tensor;
  }

  /** A value that there is not yet, which nobody holds; without a ref it is that of one that is made later. */
  private unread(spec: TensorSpec, ref: Ref | undefined): tf.DataId {
    const { dataId } = valueless(spec, () => this.refuseRead());
    if (ref) this.refs.set(dataId, ref);
    return dataId;
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
}
