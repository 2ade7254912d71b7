/** What tracing a function gives. */

import type { TensorSpec } from './dtypes';
import type { Graph, Ref } from './graph';
import type { Precision } from './precision';
import type { TreeStructure } from './tree';
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
  /** Whether it asked to compute halves side by side (see halves.ts), be it that they were cut or not. */
  readonly hasHalves: boolean;
}
