/** What tracing a function gives. */

import type { Precision } from '../../../jit/trace';
import type { TreeStructure } from '../../../jit/tree';
import type { TensorSpec } from './dtypes';
import type { Graph, Ref } from './graph';
import type { Assignment, Source, Update } from './variables';

/** How a graph is to be computed. */
export interface GraphOptions {
  readonly precision: Precision;
  readonly xla: boolean;
}

export interface Traced {
  readonly graph: Graph;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly Ref[];
  readonly structure: TreeStructure;
  readonly sources: readonly Source[];
  readonly assignments: readonly (Omit<Assignment, 'value'> & { readonly value: Ref })[];
  readonly updates: readonly Update[];
  /** Whether it asked to compute halves side by side (see lib/jit/halves.ts), be it that they were cut or not. */
  readonly hasHalves: boolean;
  /** Whether XLA is to compile it. */
  readonly xla: boolean;
}
