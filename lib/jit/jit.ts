/** `jit`: a function of tensors as one graph, where the backend has a compiler; elsewhere the function itself. */

import { engine, isTracing, tf } from '../backend';
import { capturesEpoch } from './captures';
import { functionsRunEagerly, presentCompiler, type Compiled, type Compiler } from './compiler';
import { JitError } from './errors';
import { checkSessionOptions, JitSession, type JitSessionOptions } from './session';
import type { LayerName, OpTiming } from './timings';
import type { Precision } from './trace';
import { buildTree, flattenTree, type FlatTree } from './tree';

/** The options of a session are for the sessions that the function makes for itself; with `session` they are refused. */
export interface JitOptions extends JitSessionOptions {
  /** Shown in messages; the function's own name if not given. */
  readonly name?: string;
  /** `bfloat16`: matrix products and convolutions are computed in bfloat16. Default `float32`. */
  readonly precision?: Precision;
  /**
   * Compiles the graph by XLA, which fuses ops: worth it on a GPU. On a CPU the train step of a small UNet
   * took a minute to compile and ran no faster (docs/jit.md). Default false.
   */
  readonly xla?: boolean;
  /** How many graphs (one per combination of argument shapes) are kept. Default 8. */
  readonly cacheSize?: number;
  /** A session to share with other functions; each graph has one of its own if not given. */
  readonly session?: JitSession;
  /** Names the layer of a variable in profiles, for example by the keys of a state dict. */
  readonly layerOf?: LayerName;
  /** Told when the cache is full and a graph is dropped: which argument's shape keeps changing. */
  readonly onWarning?: (message: string) => void;
}

/** What a jitted function has beside the call. */
export interface JitControl<
  F extends (...args: never[]) => unknown = (...args: never[]) => unknown,
> {
  /** Number of graphs compiled so far. */
  readonly compilations: number;
  /**
   * Traces the function for the shapes of these arguments without running it. With a shared `session`,
   * compile all its functions before the first runs: each that joins later makes it load again.
   */
  compile(...args: Parameters<F>): void;
  /**
   * Runs the graph for these arguments node by node and times each; variables keep their values.
   *
   * @param layerOf names the layer of a variable; if undefined, as the option of that name does
   */
  profile(layerOf: LayerName | undefined, ...args: Parameters<F>): OpTiming[];
  /**
   * Bytes that the graph's values for these arguments take at most at once, found without running it, also where
   * functions run op by op.
   */
  peakBytes(...args: Parameters<F>): number;
  /** Gives variables their values back from the session; reading one does so by itself. */
  pull(): void;
  /** Loads variables that were assigned outside into the session; a call does so by itself. */
  push(): void;
  /** Frees the graphs. Variables keep their present values; a later call compiles again. */
  dispose(): void;
}

/** A graph in the cache, with the shapes that it is for. */
interface Cached {
  readonly graph: Compiled;
  readonly shapes: readonly string[];
}

/**
 * Makes a function of tensors that runs as one TensorFlow graph: forward pass, gradients, optimizer and all.
 *
 * The function is traced once for each combination of argument shapes and dtypes: it is called with tensors that
 * have no value, and what it does to them is recorded. So it must be synchronous, and what it reads
 * other than its arguments and `tf.Variable`s (numbers, flags, tensors it captures) is fixed at the
 * first call, and until `capturesChanged` is called. Variables are found by themselves; reads and `assign` work as they do eagerly, and outside
 * they always show their present values (lib/backend/node/graph/session.ts).
 *
 * While another function is traced or a gradient is taken (`tf.grads`), after `runFunctionsEagerly(true)` and on
 * backends without a compiler, a call runs the function itself.
 *
 * @param fn arguments: tensors, or nested arrays and records of them; result alike, or nothing
 * @returns a function of the same signature; the caller disposes the tensors it returns
 * @throws JitError when called: an argument or result is no tensor; an op has no shape function; the value
 *   of a tensor is read inside; a variable is made inside; random numbers are drawn on the host;
 *   a result depends on no argument and no variable; TensorFlow reports an error
 */
export function jit<F extends (...args: never[]) => unknown>(
  fn: F,
  options: JitOptions = {},
): F & JitControl<F> {
  const name = options.name ?? (fn.name || 'jit');
  const cacheSize = options.cacheSize ?? 8;
  if (!Number.isInteger(cacheSize) || cacheSize < 1) {
    throw new JitError(`Expected cacheSize to be a whole number above 0, got ${cacheSize}.`);
  }
  const { intraOpParallelismThreads, metaOptimizer } = options;
  const sessionOptions = { intraOpParallelismThreads, metaOptimizer };
  checkSessionOptions(sessionOptions);
  for (const [option, value] of Object.entries(sessionOptions)) {
    if (options.session && value !== undefined) {
      throw new JitError(`Pass ${option} to new JitSession(), not along with one.`);
    }
  }
  const names = parameterNames(fn);
  const layerOf = options.layerOf ?? (() => undefined);
  // In order of use; the least recently used comes first.
  const cache = new Map<string, Cached>();
  let compilations = 0;
  let epoch = capturesEpoch();
  const run = fn as unknown as (...args: unknown[]) => unknown;

  const compile = (compiler: Compiler, args: FlatTree): Cached => {
    const graph = compiler.compile({
      name,
      args,
      run: (tensors) => run(...(buildTree(args.structure, tensors) as unknown[])),
      precision: options.precision ?? 'float32',
      xla: options.xla ?? false,
      session: options.session ?? new JitSession(sessionOptions),
      layerOf,
    });
    compilations++;
    return { graph, shapes: args.tensors.map(describe) };
  };

  const compiledFor = (args: FlatTree): Compiled => {
    if (epoch !== capturesEpoch()) {
      control.dispose();
      epoch = capturesEpoch();
    }
    const key = `${args.key} ${args.tensors.map(describe).join(' ')}`;
    let cached = cache.get(key);
    if (cached) {
      cache.delete(key);
    } else {
      cached = compile(neededCompiler(name), args);
      if (cache.size >= cacheSize) {
        options.onWarning?.(changingShapes(name, cacheSize, args, [...cache.values()]));
        const [oldest] = cache.keys();
        drop(oldest as string);
      }
    }
    cache.set(key, cached);
    return cached.graph;
  };

  const call = (...values: unknown[]): unknown => {
    if (isTracing()) return run(...values);
    if (engine().isTapeOn() || functionsRunEagerly()) return eagerly(() => run(...values));
    const args = flattenTree(values, 'argument', { names });
    return compiledFor(args).run(args.tensors);
  };

  const drop = (key: string): void => {
    const cached = cache.get(key);
    cache.delete(key);
    cached?.graph.remove();
  };

  const control: JitControl<F> = {
    get compilations() {
      return compilations;
    },
    compile: (...args) => {
      if (!functionsRunEagerly()) compiledFor(flattenTree(args, 'argument', { names }));
    },
    profile: (nameOf, ...args) => {
      const flat = flattenTree(args, 'argument', { names });
      return compiledFor(flat).profile(flat.tensors, nameOf ?? layerOf);
    },
    peakBytes: (...args) => {
      const bytes = compiledFor(flattenTree(args, 'argument', { names })).peakBytes();
      if (functionsRunEagerly()) control.dispose(); // the graph is not to be run
      return bytes;
    },
    pull: () => cache.forEach(({ graph }) => graph.pull()),
    push: () => cache.forEach(({ graph }) => graph.push()),
    dispose: () => [...cache.keys()].forEach(drop),
  };
  Object.defineProperty(call, 'name', { value: name });
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(control)) as unknown as F &
    JitControl<F>;
}

/** @throws JitError if the present backend has none */
function neededCompiler(name: string): Compiler {
  const compiler = presentCompiler();
  if (compiler) return compiler;
  throw new JitError(
    `${name} has no graph on the backend '${tf.getBackend()}', which runs functions op by op: there is nothing to ` +
      'profile or to measure. Graphs are made by lib/backend/node.',
  );
}

function eagerly(run: () => unknown): unknown {
  return tf.tidy(run as () => tf.TensorContainer);
}

function describe({ shape, dtype }: tf.Tensor): string {
  return `${dtype}[${shape.join()}]`;
}

/** Names of plain parameters, as far as the source shows them. */
function parameterNames(fn: (...args: never[]) => unknown): string[] {
  const list = /^(?:function\s*\w*)?\s*\(([^)]*)\)/.exec(fn.toString())?.[1] ?? '';
  return list.split(',').map((parameter, i) => /^\s*(\w+)/.exec(parameter)?.[1] ?? `[${i}]`);
}

function changingShapes(
  name: string,
  cacheSize: number,
  args: FlatTree,
  cached: readonly Cached[],
): string {
  const changing = args.paths.flatMap((path, i) => {
    const shapes = new Set([
      ...cached.map(({ shapes }) => shapes[i]),
      describe(args.tensors[i] as tf.Tensor),
    ]);
    return shapes.size > 1 ? [`${path} (${[...shapes].join(', ')})`] : [];
  });
  return (
    `${name} was compiled for more than ${cacheSize} combinations of shapes, so the least recently used ` +
    `graph was dropped. Changing: ${changing.join('; ') || 'the structure of the arguments'}. ` +
    'Pad to few shapes, or raise cacheSize.'
  );
}
