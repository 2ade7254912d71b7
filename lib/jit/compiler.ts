/** Who makes graphs of functions: each backend that can registers its compiler here. */

import { tf } from '../backend';
import type { JitSession } from './session';
import type { LayerName, OpTiming } from './timings';
import type { Precision } from './trace';
import type { FlatTree } from './tree';

/** A function and what it is to be compiled for. */
export interface CompileRequest {
  /** Shown in messages. */
  readonly name: string;
  /** Its arguments, of which structure, shapes and dtypes count. */
  readonly args: FlatTree;
  /** Calls it with tensors in place of those of `args`; gives its result. */
  readonly run: (tensors: tf.Tensor[]) => unknown;
  readonly precision: Precision;
  readonly xla: boolean;
  readonly session: JitSession;
  readonly layerOf: LayerName;
}

/** A function's graph for one combination of argument shapes; the methods are those of `JitControl`. */
export interface Compiled {
  /** @returns the function's result, whose tensors the caller disposes */
  run(inputs: tf.Tensor[]): unknown;
  profile(inputs: tf.Tensor[], layerOf: LayerName): OpTiming[];
  peakBytes(): number;
  pull(): void;
  push(): void;
  /** Frees the graph. */
  remove(): void;
}

/** What bfloat16 is computed by there, or why it is not; both as parts of a sentence. */
export type Bfloat16Support =
  | { readonly isThere: true; readonly by: string }
  | { readonly isThere: false; readonly why: string };

/** Whether XLA compiles what layers compute there, or why it does not, as part of a sentence. */
export type XlaSupport =
  { readonly isThere: true } | { readonly isThere: false; readonly why: string };

export interface Compiler {
  /** Whether it is worth asking it for `precision: 'bfloat16'`. */
  bfloat16(): Bfloat16Support;
  /** Whether it is worth asking it for `xla: true`. */
  xla(): XlaSupport;
  /** @throws JitError if the function does what a graph cannot hold; and whatever it throws itself */
  compile(request: CompileRequest): Compiled;
}

const compilers = new Map<string, Compiler>();

/** @param backend the name of the tfjs backend whose ops it compiles */
export function registerCompiler(backend: string, compiler: Compiler): void {
  compilers.set(backend, compiler);
}

/** The present backend's compiler, if it has one. */
export function presentCompiler(): Compiler | undefined {
  return compilers.get(tf.getBackend());
}

let eagerly = false;

/**
 * Whether jitted functions run op by op, as those of TensorFlow's `tf.config.run_functions_eagerly`, until this is
 * taken back: to look at values inside, or to compare. The environment's `SDM_JIT=off` does it from the start.
 */
export function runFunctionsEagerly(run: boolean): void {
  eagerly = run;
}

export function functionsRunEagerly(): boolean {
  return eagerly || presentCompiler() === undefined;
}

/** What the present compiler says of something that it may have, or why it is not asked. */
export function supportHere<S extends { readonly isThere: boolean }>(
  ask: (compiler: Compiler) => S,
): S | { readonly isThere: false; readonly why: string } {
  const compiler = presentCompiler();
  if (!compiler) {
    return { isThere: false, why: `the backend '${tf.getBackend()}' makes no graphs` };
  }
  if (functionsRunEagerly()) return { isThere: false, why: 'functions run op by op' };
  return ask(compiler);
}
